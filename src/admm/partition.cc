#include "admm/partition.h"

#include <algorithm>
#include <limits>

namespace tersegraph {
namespace {

/// What a product does while one value of h, z, q and u goes through its updates and the objective, while one is
/// rounded to a grid, and while one of the last layer's z is solved for.
constexpr double kPasses = 150, kRounding = 220, kLastZ = 4500;

}  // namespace

LayerCost layer_cost(int64_t m, const LayerShape& layer, Quantize quantize, int shards) {
  const double columns = static_cast<double>(m) / shards, inputs = static_cast<double>(layer.in),
               outputs = static_cast<double>(layer.out);
  // Cut columns leave W no choice of its system.
  const double order = shards > 1 ? inputs : std::min(columns, inputs), narrow = std::min(inputs, outputs);
  LayerCost cost;
  // W: the Gram matrix and its factor (the first layer has them for good), two triangular solves, and p W.
  cost.weights = 4.0 * columns * inputs * outputs + 2.0 * order * order * outputs;
  cost.elements = columns * outputs * (layer.last ? kLastZ : kPasses);
  if (!layer.last && quantize == Quantize::pq) cost.elements += columns * outputs * kRounding;
  if (layer.first) return cost;
  if (quantize != Quantize::none) cost.elements += columns * inputs * kRounding;
  cost.weights += order * columns * inputs + order * order * order / 3.0;
  // p: W W^T or W^T W and its factor, the solves, and (z - b) W^T.
  cost.prepare_p = narrow * inputs * outputs + narrow * narrow * narrow / 3.0;
  cost.solve_p = 2.0 * columns * narrow * narrow + 2.0 * columns * inputs * outputs;
  return cost;
}

std::vector<int> balance_layers(const std::vector<double>& costs, int ranks) {
  const int layers = static_cast<int>(costs.size()), used = std::min(ranks, layers);
  std::vector<double> until(layers + 1, 0.0);
  for (int l = 0; l < layers; ++l) until[l + 1] = until[l] + costs[l];

  // dearest[r][l]: the cost of the dearest of r ranks that share the first l layers; cut[r][l]: where the last begins.
  std::vector dearest(used + 1, std::vector(layers + 1, std::numeric_limits<double>::infinity()));
  std::vector cut(used + 1, std::vector(layers + 1, 0));
  dearest[0][0] = 0.0;
  for (int r = 1; r <= used; ++r) {
    for (int l = r; l <= layers; ++l) {
      for (int k = r - 1; k < l; ++k) {
        const double cost = std::max(dearest[r - 1][k], until[l] - until[k]);
        if (cost < dearest[r][l]) dearest[r][l] = cost, cut[r][l] = k;
      }
    }
  }
  std::vector<int> begin(ranks + 1, layers);
  for (int r = used, l = layers; r > 0; --r) begin[r - 1] = l = cut[r][l];
  return begin;
}

}  // namespace tersegraph
