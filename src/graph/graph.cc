#include "graph/graph.h"

namespace tersegraph {

bool is_symmetric(CsrView a) {
  // Rows are visited in order, so the entries of row j come up in order too: entry (i, j) must be the next one of row
  // j.
  std::vector<int64_t> next(a.indptr, a.indptr + a.rows);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e) {
      const int32_t j = a.indices[e];
      const int64_t mirror = next[j]++;
      if (mirror >= a.end(j) || a.indices[mirror] != i || a.value(mirror) != a.value(e)) return false;
    }
  }
  return true;
}

}  // namespace tersegraph
