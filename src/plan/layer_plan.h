#pragma once

#include "admm/config.h"
#include "base/timer.h"
#include "comm/ledger.h"
#include "exchange/link_model.h"
#include "plan/rates.h"

namespace tersegraph {

/// The sizes of training a perceptron by ADMM at its full depth.
struct LayerSizes {
  int64_t columns = 0;  ///< training nodes
  int64_t inputs = 0;   ///< of the first layer, reduced to `columns` where there are more
  int64_t classes = 0;
  int ranks = 1;
};

/// Bytes over all ranks, headers included: of an iteration at full depth, and p and q of all stages together.
struct LayerTraffic {
  TrafficBytes epoch{}, run{};
};
LayerTraffic layer_traffic(const AdmmConfig& config, const LayerSizes& sizes);

struct LayerSeconds {
  double iteration = 0;
  double balanced = 0;  ///< what it would be if ranks only had to share the layers' cost: that of the dearest rank
  PhaseSeconds phases;  ///< means over ranks: p, w_z, q_u, terms of the objective, and waiting
};
/// Where its ranks are.
struct LayerPlace {
  int threads = 1;           ///< of each rank
  bool one_process = false;  ///< the ranks are threads: one that waits leaves its core to others
  bool one_machine = false;  ///< they are, or as in Placement
  Link link = {};            ///< between neighbours
};
/// Of the closed solver.
LayerSeconds layer_seconds(const AdmmConfig& config, const LayerSizes& sizes, const LayerPlace& place,
                           const Rates& rates);

}  // namespace tersegraph
