#include "augment/feature_rows.h"

#include <algorithm>

#include "base/parallel.h"

namespace tersegraph {
namespace {

constexpr int64_t kRowBlock = 256;

}  // namespace

Matrix to_dense(CsrView x) {
  Matrix dense(x.rows, x.cols);
  parallel_blocks(x.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::fill_n(dense.row(i), x.cols, 0.0f);
      for (int64_t e = x.begin(i); e < x.end(i); ++e) dense(i, x.indices[e]) = x.value(e);
    }
  });
  return dense;
}

void place(const Features& x, MatrixView y, int64_t column) {
  const CsrView sparse = x.sparse;
  parallel_blocks(x.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* out = y.row(i) + column;
      if (!x.is_sparse) {
        std::copy_n(x.dense.row(i), x.cols(), out);
        continue;
      }
      for (int64_t e = sparse.begin(i); e < sparse.end(i); ++e) out[sparse.indices[e]] = sparse.value(e);
    }
  });
}

}  // namespace tersegraph
