#include "graph/pattern.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "graph/graph.h"

namespace tersegraph {
namespace {

bool is_simple(CsrView a) {
  for (int64_t i = 0; i < a.rows; ++i) {
    const int32_t *begin = a.indices + a.begin(i), *end = a.indices + a.end(i);
    if (std::adjacent_find(begin, end, std::greater_equal<>()) != end) return false;
    if (std::binary_search(begin, end, static_cast<int32_t>(i))) return false;
  }
  return is_symmetric(a);
}

}  // namespace

UndirectedPattern::UndirectedPattern(CsrView a) : view_{a.rows, a.cols, a.indptr, a.indices, nullptr} {
  if (is_simple(view_)) return;
  copy_.cols = a.cols;
  copy_.indptr.assign(a.indptr, a.indptr + a.rows + 1);
  copy_.indices.assign(a.indices, a.indices + a.nnz());
  copy_ = std::move(build_graph(std::move(copy_), BuildOptions{}).adjacency);
  view_ = copy_.view();
}

}  // namespace tersegraph
