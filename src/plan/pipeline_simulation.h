#pragma once

#include <span>
#include <vector>

#include "exchange/link_model.h"

namespace tersegraph {

/// Seconds of one rank's layers in an iteration of ADMM, in the order in which LayerPipeline goes through them.
struct PipelineRank {
  double prepare = 0;  ///< p, as far as it needs nothing of the rank below
  double solve = 0;    ///< p of the lowest layer, once the last iteration's q has come from below; then p goes down
  double weights = 0;  ///< W, b and z, while p comes from above
  double finish = 0;   ///< q and u; then q goes up
  double terms = 0;    ///< its part of the objective, which all ranks sum before they go on
};

struct SimulatedPipeline {
  double iteration = 0;         ///< seconds of a steady one, of the slowest rank
  std::vector<double> waiting;  ///< (ranks) seconds of it
};

/// Plays `iterations` (2 or more) of ranks in a row, each on a host of its own: p of p_bytes goes to the rank below, q
/// of q_bytes to the one above, over links whose two directions are independent. An iteration ends with two short
/// messages from all to all. The second half of the iterations counts as steady.
SimulatedPipeline simulate_pipeline(std::span<const PipelineRank> ranks, double p_bytes, double q_bytes,
                                    const Link& link, int iterations = 64);

}  // namespace tersegraph
