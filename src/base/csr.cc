#include "base/csr.h"

#include <iterator>

namespace tersegraph {

Csr transpose(CsrView a) {
  Csr t;
  t.cols = a.rows;
  t.indptr.assign(static_cast<size_t>(a.cols) + 1, 0);
  const int64_t nnz = a.nnz();
  for (int64_t e = 0; e < nnz; ++e) ++t.indptr[a.indices[e] + 1];
  for (int64_t j = 0; j < a.cols; ++j) t.indptr[j + 1] += t.indptr[j];
  t.indices.resize(nnz);
  if (a.values != nullptr) t.values.resize(nnz);
  std::vector<int64_t> next(t.indptr.begin(), t.indptr.end() - 1);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e) {
      const int64_t slot = next[a.indices[e]]++;
      t.indices[slot] = static_cast<int32_t>(i);
      if (a.values != nullptr) t.values[slot] = a.values[e];
    }
  }
  return t;
}

void append_row(CsrView a, int64_t row, Csr& to) {
  const int64_t first = a.begin(row), last = a.end(row);
  to.indices.insert(to.indices.end(), a.indices + first, a.indices + last);
  if (a.values != nullptr) to.values.insert(to.values.end(), a.values + first, a.values + last);
  to.indptr.push_back(std::ssize(to.indices));
}

}  // namespace tersegraph
