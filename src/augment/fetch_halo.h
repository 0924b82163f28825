#pragma once

#include "base/csr.h"
#include "base/matrix.h"
#include "exchange/exchange_plan.h"
#include "exchange/halo_exchange.h"

namespace tersegraph {

/// The scatter of a plan whose received rows are taken as they are, in the order of their senders.
Csr scatter_in_order(int64_t rows);

/// Fills the last plan.rows_received() rows of x, exactly; the rows before are the sender's own. Collective.
void fetch_halo(HaloExchange& exchange, const ExchangePlan& plan, MatrixView x, Traffic kind);

/// Appends the rows received to x, whose rows are the sender's own. Collective.
void fetch_halo(Channel& channel, const ExchangePlan& plan, Csr& x);

}  // namespace tersegraph
