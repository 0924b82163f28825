#pragma once

#include "base/csr.h"
#include "comm/channel.h"
#include "exchange/exchange_plan.h"

namespace tersegraph {

/// Sends the rows of x (owned, F) that `plan` selects, as they are, and returns those received:
/// (halo, F). Collective.
Csr exchange_sparse_rows(const ExchangePlan& plan, const Csr& x, Traffic kind, Channel& channel);

/// local x + remote x_halo, sparse; columns ascending, each entry summed in the operators' order.
Csr multiply_sparse(CsrView local, CsrView x, CsrView remote, CsrView x_halo);

}  // namespace tersegraph
