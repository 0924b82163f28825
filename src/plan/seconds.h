#pragma once

#include <span>
#include <vector>

#include "base/timer.h"
#include "plan/epoch_work.h"
#include "plan/placement.h"
#include "plan/rates.h"
#include "plan/traffic.h"

namespace tersegraph {

/// How long an epoch of full-graph training takes.
struct EpochSeconds {
  double seconds = 0;
  PhaseSeconds phases;  ///< means over ranks: spmm, gemm, activation, encode, accumulate, loss, optimizer; of what only
                        ///< ranks together have: exposed (waiting for rows), all_reduce; central and marginal: the part
                        ///< of spmm, gemm and activation that hides messages, and the rest
};
EpochSeconds epoch_seconds(const FullGraphConfig& config, std::span<const RankWork> ranks, const RowBits& bits,
                           const Rates& rates, const Placement& placement);

}  // namespace tersegraph
