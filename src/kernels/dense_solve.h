#pragma once

#include "base/matrix.h"

namespace tersegraph {

/// A block of a row-major fp32 matrix whose rows lie `stride` apart.
struct BlockView {
  float* data = nullptr;
  int64_t stride = 0;

  BlockView at(int64_t row, int64_t col) const { return {data + row * stride + col, stride}; }
};

/// c (m, n) += alpha op(a) op(b), op(a) (m, k), op(b) (k, n), on the calling thread alone.
void add_product(float alpha, BlockView a, bool transpose_a, BlockView b, bool transpose_b, BlockView c, int64_t m,
                 int64_t n, int64_t k);
/// The same without what c held before.
void set_product(float alpha, BlockView a, bool transpose_a, BlockView b, bool transpose_b, BlockView c, int64_t m,
                 int64_t n, int64_t k);

/// Rows that one task works on: parts as even as can be of at most `longest`, since a short last one costs oneDNN as
/// much packing as a long one.
int64_t even_rows(int64_t rows, int64_t longest = 192);

/// y (cols, rows) = x^T. oneDNN multiplies by a transpose up to a third slower than by a plain matrix.
void transpose(ConstMatrixView x, BlockView y);

/// c = a^T b. a (n, k), b (n, m), c (k, m): by rows of c, so that no sum is cut; for c that are large enough to share.
void multiply_columns(ConstMatrixView a, ConstMatrixView b, MatrixView c);

/// c = x x^T (or x^T x), of which only blocks that reach below or onto the diagonal are computed: what Cholesky reads.
/// Row blocks run in parallel and do not depend on the number of threads.
void gram_rows(ConstMatrixView x, MatrixView c);
void gram_columns(ConstMatrixView x, MatrixView c);

/// A = L L^T of a symmetric positive definite fp32 matrix, by recursion on oneDNN's GEMM; diagonal blocks are factored
/// in fp64. Where rounding has cost A its definiteness, pivots are raised to 2^-22 of the largest diagonal element, a
/// ridge that fp32 cannot tell from A. Row blocks are fixed, so the bits do not depend on the number of threads.
class Cholesky {
 public:
  /// Takes the lower triangle of a (n, n), and overwrites it with L. `a` must stay as it is while the factor is used.
  void factor(MatrixView a);

  /// b (rows, n) <- b A^-1: one system a row.
  void solve_rows(MatrixView b) const;
  /// b (n, cols) <- A^-1 b: one system a column.
  void solve_columns(MatrixView b) const;

 private:
  void factor_block(int64_t begin, int64_t size, float floor);
  void forward(BlockView b, BlockView x, int64_t rows, int64_t begin, int64_t size) const;
  void backward(BlockView b, BlockView x, int64_t rows, int64_t begin, int64_t size) const;
  void forward_columns(BlockView b, BlockView x, int64_t cols, int64_t begin, int64_t size) const;
  void backward_columns(BlockView b, BlockView x, int64_t cols, int64_t begin, int64_t size) const;
  BlockView inverse(int64_t begin) const { return {const_cast<float*>(inverse_.row(begin)), inverse_.cols()}; }
  BlockView lower(int64_t row, int64_t col) const { return BlockView{lower_.data, lower_.cols}.at(row, col); }

  MatrixView lower_;
  Matrix inverse_;  ///< (blocks * kBase, kBase): the inverses of L's diagonal blocks
};

}  // namespace tersegraph
