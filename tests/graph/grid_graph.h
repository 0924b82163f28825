#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "graph/graph.h"

namespace tersegraph {

/// Every node of a side x side grid is joined to those right of it and below it. `names` gives the grid's nodes their
/// numbers.
inline Graph grid_graph(int64_t side, const std::vector<int64_t>& names) {
  std::vector<Edge> edges;
  for (int64_t y = 0; y < side; ++y) {
    for (int64_t x = 0; x < side; ++x) {
      const int64_t here = y * side + x;
      if (x + 1 < side) edges.emplace_back(names[here], names[here + 1]);
      if (y + 1 < side) edges.emplace_back(names[here], names[here + side]);
    }
  }
  return build_graph(side * side, edges, {}, {});
}

inline std::vector<int64_t> natural_names(int64_t nodes) {
  std::vector<int64_t> names(nodes);
  for (int64_t v = 0; v < nodes; ++v) names[v] = v;
  return names;
}

inline std::vector<int64_t> shuffled_names(int64_t nodes, uint64_t seed) {
  std::vector<int64_t> names = natural_names(nodes);
  Random random(seed, Purpose::shuffle);
  for (int64_t v = nodes - 1; v > 0; --v) std::swap(names[v], names[random.below(v + 1)]);
  return names;
}

}  // namespace tersegraph
