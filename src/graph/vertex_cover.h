#pragma once

#include <cstdint>
#include <vector>

#include "base/csr.h"

namespace tersegraph {

/// Of a bipartite graph with an edge from left vertex i to right vertex j for every entry (i, j): a largest set of
/// edges without a common vertex, as the partner of each left vertex (-1: none). Hopcroft and Karp 1973, O(E sqrt V).
std::vector<int32_t> maximum_matching(CsrView edges);

/// A smallest set of vertices that touches every edge.
struct VertexCover {
  std::vector<uint8_t> left, right;  ///< 1: in the cover

  int64_t size() const;
};

/// By Koenig's theorem from a maximum matching. Of the smallest covers it is the one with the most left vertices (it
/// holds the left vertices of all others), so it depends neither on the matching nor on the order of the entries.
VertexCover minimum_vertex_cover(CsrView edges);

}  // namespace tersegraph
