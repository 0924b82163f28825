#pragma once

#include <cstdint>
#include <vector>

#include "base/matrix.h"
#include "base/rng.h"
#include "graph/graph.h"
#include "graph/partition.h"

namespace tersegraph::reference {

/// A deterministic source of numbers for tests.
inline Random numbers(uint64_t seed) {
  return Random(seed, Purpose::generator);
}

inline Matrix random_matrix(int64_t rows, int64_t cols, uint64_t seed) {
  Random random = numbers(seed);
  Matrix x(rows, cols);
  for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<float>(random.normal());
  return x;
}

/// `edges` random edges among the nodes but the last `isolated` ones; weights in 0.5 .. 2.
inline Graph random_graph(int64_t nodes, int64_t edges, bool directed, bool weighted, int64_t isolated, uint64_t seed) {
  Random random = numbers(seed);
  std::vector<Edge> list;
  std::vector<float> weights;
  for (int64_t e = 0; e < edges; ++e) {
    list.emplace_back(random.below(nodes - isolated), random.below(nodes - isolated));
    if (weighted) weights.push_back(static_cast<float>(0.5 + 1.5 * random.uniform()));
  }
  return build_graph(nodes, list, weights, {.symmetrise = !directed});
}

/// Every part owns at least one node.
inline Partition random_parts(int64_t nodes, int parts, uint64_t seed) {
  Random random = numbers(seed);
  Partition partition{parts, std::vector<int32_t>(static_cast<size_t>(nodes))};
  for (int32_t& part : partition.part_of) part = static_cast<int32_t>(random.below(parts));
  for (int part = 0; part < parts; ++part) partition.part_of[static_cast<size_t>(part * nodes / parts)] = part;
  return partition;
}

}  // namespace tersegraph::reference
