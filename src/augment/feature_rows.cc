#include "augment/feature_rows.h"

#include <algorithm>

#include "base/parallel.h"

namespace tersegraph {
namespace {

constexpr int64_t kRowBlock = 256;

Csr take_sparse(CsrView x, std::span<const int64_t> rows) {
  Csr taken;
  taken.cols = x.cols;
  taken.indptr.reserve(rows.size() + 1);
  for (const int64_t row : rows) taken.indptr.push_back(taken.nnz() + x.end(row) - x.begin(row));
  taken.indices.resize(taken.nnz());
  taken.values.resize(taken.nnz());
  parallel_blocks(taken.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t slot = taken.indptr[i];
      for (int64_t e = x.begin(rows[i]); e < x.end(rows[i]); ++e, ++slot) {
        taken.indices[slot] = x.indices[e];
        taken.values[slot] = x.value(e);
      }
    }
  });
  return taken;
}

}  // namespace

Features take_rows(const Features& x, std::span<const int64_t> rows, int64_t room) {
  Features taken;
  taken.is_sparse = x.is_sparse;
  if (x.is_sparse) {
    taken.sparse = take_sparse(x.sparse, rows);
    return taken;
  }
  const auto count = static_cast<int64_t>(rows.size());
  taken.dense.reshape(count + room, x.cols());
  parallel_blocks(count, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::copy_n(x.dense.row(rows[i]), x.cols(), taken.dense.row(i));
  });
  return taken;
}

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
