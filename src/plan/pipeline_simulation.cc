#include "plan/pipeline_simulation.h"

#include <algorithm>

namespace tersegraph {

SimulatedPipeline simulate_pipeline(std::span<const PipelineRank> ranks, double p_bytes, double q_bytes,
                                    const Link& link, int iterations) {
  const size_t count = ranks.size();
  const double p_wire = link.seconds(p_bytes), q_wire = link.seconds(q_bytes);
  // By rank: its own time, when q came from below and p from above, and when its way down and its way up are free.
  std::vector<double> now(count, 0.0), q_came(count, 0.0), p_came(count, 0.0), down(count, 0.0), up(count, 0.0);
  SimulatedPipeline result{0, std::vector<double>(count, 0.0)};
  double half = 0;
  const int first_steady = iterations / 2;
  for (int i = 0; i < iterations; ++i) {
    const bool steady = i >= first_steady;
    if (i == first_steady) half = *std::ranges::max_element(now);
    for (size_t r = 0; r < count; ++r) {
      const double prepared = now[r] + ranks[r].prepare;
      if (steady) result.waiting[r] += std::max(q_came[r] - prepared, 0.0);
      now[r] = std::max(prepared, q_came[r]) + ranks[r].solve;
      if (r > 0) p_came[r - 1] = down[r] = std::max(now[r], down[r]) + p_wire;
    }
    for (size_t r = 0; r < count; ++r) {
      const double weighed = now[r] + ranks[r].weights;
      if (steady) result.waiting[r] += std::max(p_came[r] - weighed, 0.0);
      now[r] = std::max(weighed, p_came[r]) + ranks[r].finish;
      if (r + 1 < count) q_came[r + 1] = up[r] = std::max(now[r], up[r]) + q_wire;
      now[r] += ranks[r].terms;
    }
    const double summed = *std::ranges::max_element(now) + (count > 1 ? 2 * link.gamma : 0);
    for (size_t r = 0; r < count; ++r) {
      if (steady) result.waiting[r] += summed - now[r];
      now[r] = summed;
    }
  }
  const double steady = iterations - first_steady;
  result.iteration = (*std::ranges::max_element(now) - half) / steady;
  for (double& waiting : result.waiting) waiting /= steady;
  return result;
}

}  // namespace tersegraph
