#pragma once

#include <span>
#include <vector>

#include "base/timer.h"
#include "plan/epoch_work.h"
#include "plan/rates.h"
#include "plan/simulation.h"
#include "plan/traffic.h"

namespace tersegraph {

/// Where ranks run. Every host is a machine like the one that was measured.
struct Placement {
  std::vector<int> host_of;  ///< of each rank
  int threads = 1;           ///< of each rank
  LinkModel links;           ///< between hosts
  bool one_machine = false;  ///< the hosts are emulated: all share the cores of one machine

  /// Ranks that compute on one machine.
  int ranks_here() const;
  int hosts() const { return links.hosts(); }
};

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
