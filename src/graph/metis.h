#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/csr.h"

namespace tersegraph {

enum class MetisObjective { cut, volume };

/// What nodes and entries of a pattern count; empty: one each.
struct MetisWeights {
  std::span<const int32_t> nodes, entries;
};

/// k-way parts of an undirected pattern (graph/pattern.h) with at most 3% imbalance of node weights; some may be empty.
/// The same seed gives the same parts. Errors: InputError when METIS's integers are too narrow for the graph or memory
/// runs out.
std::vector<int32_t> metis_kway(CsrView pattern, int parts, MetisObjective objective, uint64_t seed,
                                const MetisWeights& weights = {});

}  // namespace tersegraph
