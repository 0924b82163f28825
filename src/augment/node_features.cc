#include "augment/node_features.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "augment/feature_rows.h"
#include "base/parallel.h"
#include "kernels/gemm.h"

namespace tersegraph {
namespace {

/// Rows of one matrix product. oneDNN chooses its way of summing by the shapes (a matrix of one row goes another way
/// than one of two), so every product has this many rows, the last filled up with zeros; of one shape, a row's sum does
/// not depend on where the row stands. gemm() makes one block of it, and oneDNN is at nearly its full speed.
constexpr int64_t kGemmRows = 64;

/// Divides every row by its length; rows of zeros stay.
void normalize(float* row, int64_t count) {
  double squares = 0.0;
  for (int64_t k = 0; k < count; ++k) squares += static_cast<double>(row[k]) * row[k];
  if (squares == 0.0) return;
  const double length = std::sqrt(squares);
  for (int64_t k = 0; k < count; ++k) row[k] = static_cast<float>(row[k] / length);
}

void normalize(Features& x) {
  constexpr int64_t kRowBlock = 256;
  parallel_blocks(x.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (x.is_sparse) {
        normalize(x.sparse.values.data() + x.sparse.indptr[i], x.sparse.indptr[i + 1] - x.sparse.indptr[i]);
      } else {
        normalize(x.dense.row(i), x.cols());
      }
    }
  });
}

}  // namespace

NodeFeatures::NodeFeatures(const Features& features, const std::vector<int64_t>& owned, RowNorm norm)
    : rows_(take_rows(features, owned)) {
  if (norm == RowNorm::euclidean) normalize(rows_);
  if (features.is_sparse && 10 * features.sparse.nnz() >= features.rows() * features.cols()) {
    Features dense;
    dense.dense = to_dense(rows_.sparse);
    rows_ = std::move(dense);
  }
  if (rows_.is_sparse) return;
  whole_ = rows_.rows() / kGemmRows * kGemmRows;
  if (whole_ == rows_.rows()) return;
  tail_.reshape(kGemmRows, rows_.cols());
  tail_.fill(0.0f);
  std::copy(rows_.dense.row(whole_), rows_.dense.row(rows_.rows()), tail_.data());
}

void NodeFeatures::multiply(ConstMatrixView w, MatrixView y, Write write) {
  if (rows_.is_sparse) {
    spmm(rows_.sparse, w, y, write);
    return;
  }
  std::exception_ptr failure;
  parallel_blocks(whole_, kGemmRows, [&](int64_t begin, int64_t) {
    try {
      gemm({rows_.dense.row(begin), kGemmRows, rows_.cols()}, w, {y.row(begin), kGemmRows, y.cols}, write);
    } catch (...) {
#pragma omp critical(tersegraph_node_features)
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
  if (whole_ < y.rows) multiply_tail(w, y, write);
}

void NodeFeatures::multiply_tail(ConstMatrixView w, MatrixView y, Write write) {
  const MatrixView rest{y.row(whole_), y.rows - whole_, y.cols};
  tail_out_.reshape(kGemmRows, y.cols);
  tail_out_.fill(0.0f);
  if (write == Write::accumulate) std::copy_n(rest.data, rest.size(), tail_out_.data());
  gemm(tail_, w, tail_out_, write);
  std::copy_n(tail_out_.data(), rest.size(), rest.data);
}

}  // namespace tersegraph
