#include "exchange/plan_cover.h"

#include <algorithm>

#include "graph/vertex_cover.h"

namespace tersegraph {
namespace {

/// Rows first .. last-1 of `a`, with the columns that occur numbered anew, in order of occurrence.
Csr bipartite_part(const Csr& a, int64_t first, int64_t last, std::vector<int32_t>& number) {
  std::fill(number.begin(), number.end(), -1);
  Csr part;
  part.indptr.reserve(last - first + 1);
  part.indices.reserve(a.indptr[last] - a.indptr[first]);
  for (int64_t row = first; row < last; ++row) {
    for (int64_t e = a.indptr[row]; e < a.indptr[row + 1]; ++e) {
      int32_t& column = number[a.indices[e]];
      if (column < 0) column = static_cast<int32_t>(part.cols++);
      part.indices.push_back(column);
    }
    part.indptr.push_back(std::ssize(part.indices));
  }
  return part;
}

}  // namespace

std::vector<uint8_t> travelling_rows(CsrView remote, const std::vector<int64_t>& halo_offsets, RowChoice choice) {
  std::vector<uint8_t> travels(remote.cols, 0);
  if (choice == RowChoice::sources) {
    for (int64_t e = 0; e < remote.nnz(); ++e) travels[remote.indices[e]] = 1;
    return travels;
  }
  // Sources are the left side: of the smallest covers the one with the most of them is taken, so a partial sum of one
  // term, which its source could replace, never travels.
  const Csr by_source = transpose({remote.rows, remote.cols, remote.indptr, remote.indices, nullptr});
  std::vector<int32_t> number(remote.rows);
  for (size_t q = 0; q + 1 < halo_offsets.size(); ++q) {
    if (halo_offsets[q] == halo_offsets[q + 1]) continue;
    const VertexCover cover =
        minimum_vertex_cover(bipartite_part(by_source, halo_offsets[q], halo_offsets[q + 1], number));
    std::copy(cover.left.begin(), cover.left.end(), travels.begin() + halo_offsets[q]);
  }
  return travels;
}

}  // namespace tersegraph
