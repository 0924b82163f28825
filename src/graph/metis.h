#pragma once

#include <cstdint>
#include <vector>

#include "base/csr.h"

namespace tersegraph {

enum class MetisObjective { cut, volume };

/// k-way parts of an undirected pattern (graph/pattern.h) with at most 3% imbalance of node counts; some may be empty.
/// The same seed gives the same parts. Errors: InputError when METIS's integers are too narrow for the graph or memory
/// runs out.
std::vector<int32_t> metis_kway(CsrView pattern, int parts, MetisObjective objective, uint64_t seed);

}  // namespace tersegraph
