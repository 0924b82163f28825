#pragma once

#include <cstdint>
#include <vector>

namespace tersegraph {

/// Floating point operations of one layer's share of an iteration, in units that only compare layers: of p what needs
/// nothing from the layer below and what does, and W.
struct LayerCost {
  double prepare_p = 0, solve_p = 0, weights = 0;
  double total() const { return prepare_p + solve_p + weights; }
};
/// m training columns on all of `shards` ranks, `in` inputs, `out` outputs; the first layer's p is fixed.
LayerCost layer_costs(int64_t m, int64_t in, int64_t out, bool first, int shards = 1);
/// Their sum.
double layer_cost(int64_t m, int64_t in, int64_t out, bool first, int shards = 1);

/// Consecutive layers a rank: rank r has layers begin[r] .. begin[r + 1] - 1, at least one for each of the first
/// min(ranks, layers) ranks, none for the others. The dearest rank is as cheap as can be.
std::vector<int> balance_layers(const std::vector<double>& costs, int ranks);

}  // namespace tersegraph
