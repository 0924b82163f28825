#pragma once

#include <cstdint>
#include <vector>

#include "admm/config.h"

namespace tersegraph {

/// The sizes of one layer's W, and where it stands: the first layer's p is fixed, the last one's z has the labels.
struct LayerShape {
  int64_t in = 0, out = 0;
  bool first = false, last = false;
};

/// Floating point operations of one layer's share of an iteration, in units that only compare layers: of p what needs
/// nothing from the layer below and what does, W, and all that goes element by element, in what products would do
/// meanwhile.
struct LayerCost {
  double prepare_p = 0, solve_p = 0, weights = 0, elements = 0;
  double total() const { return prepare_p + solve_p + weights + elements; }
};
/// m training columns on all of `shards` ranks.
LayerCost layer_cost(int64_t m, const LayerShape& layer, Quantize quantize, int shards = 1);

/// Consecutive layers a rank: rank r has layers begin[r] .. begin[r + 1] - 1, at least one for each of the first
/// min(ranks, layers) ranks, none for the others. The dearest rank is as cheap as can be.
std::vector<int> balance_layers(const std::vector<double>& costs, int ranks);

}  // namespace tersegraph
