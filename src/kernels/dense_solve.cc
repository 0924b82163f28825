#include "kernels/dense_solve.h"

#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "kernels/one_thread.h"

namespace tersegraph {
namespace {

constexpr int64_t kBase = 32;       ///< order of the diagonal blocks
constexpr int64_t kRowBlock = 128;  ///< rows that one task works on
constexpr float kSmallestPivot = 0x1p-22f;

/// The first part of a block cut in two: a multiple of kBase, so that diagonal blocks stand where inverse_ has them.
int64_t half(int64_t size) {
  return (size + kBase - 1) / kBase / 2 * kBase;
}

/// Factors the lower triangle of a diagonal block in place, and writes the inverse of its factor.
void factor_base(BlockView a, int64_t n, float floor, float* inverse) {
  double l[kBase][kBase], inv[kBase][kBase] = {};
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) l[i][j] = a.data[i * a.stride + j];
  }
  for (int64_t j = 0; j < n; ++j) {
    // Right-looking: the inner loop runs along a row, which the compiler makes vectors of.
    const double pivot = l[j][j] < floor ? floor : l[j][j];
    l[j][j] = std::sqrt(pivot);
    double column[kBase];
    for (int64_t i = j + 1; i < n; ++i) column[i] = l[i][j] /= l[j][j];
    for (int64_t i = j + 1; i < n; ++i) {
      for (int64_t k = j + 1; k <= i; ++k) l[i][k] -= column[i] * column[k];
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < i; ++k) {
      for (int64_t j = 0; j <= k; ++j) inv[i][j] -= l[i][k] * inv[k][j];
    }
    inv[i][i] = 1.0;
    for (int64_t j = 0; j <= i; ++j) inv[i][j] /= l[i][i];
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) a.data[i * a.stride + j] = static_cast<float>(l[i][j]);
    for (int64_t j = 0; j < n; ++j) inverse[i * kBase + j] = static_cast<float>(inv[i][j]);
  }
}

}  // namespace

void add_product(float alpha, BlockView a, bool transpose_a, BlockView b, bool transpose_b, BlockView c, int64_t m,
                 int64_t n, int64_t k) {
  if (m == 0 || n == 0 || k == 0) return;
  const OneThread one_thread;
  const auto status = dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, alpha, a.data, a.stride,
                                 b.data, b.stride, 1.0f, c.data, c.stride);
  // Leaving a parallel region by an exception ends the program; NaN is what callers look for anyway.
  if (status != dnnl_success) c.data[0] = std::nanf("");
}

void gram_rows(ConstMatrixView x, MatrixView c) {
  const BlockView rows{const_cast<float*>(x.data), x.cols};
  parallel_blocks(x.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::fill_n(c.row(i), end, 0.0f);
    add_product(1.0f, rows.at(begin, 0), false, rows, true, {c.row(begin), c.cols}, end - begin, end, x.cols);
  });
}

void gram_columns(ConstMatrixView x, MatrixView c) {
  const BlockView columns{const_cast<float*>(x.data), x.cols};
  parallel_blocks(x.cols, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::fill_n(c.row(i), end, 0.0f);
    add_product(1.0f, columns.at(0, begin), true, columns, false, {c.row(begin), c.cols}, end - begin, end, x.rows);
  });
}

void Cholesky::factor(MatrixView a) {
  lower_ = a;
  inverse_.reshape((a.rows + kBase - 1) / kBase * kBase, kBase);
  float largest = 0.0f;
  for (int64_t i = 0; i < a.rows; ++i) largest = std::max(largest, a(i, i));
  // Where fp32 has overflowed there is no solution: NaN shows it, while infinite pivots would give zeros.
  if (!std::isfinite(largest)) a(0, 0) = std::nanf("");
  if (a.rows > 0) factor_block(0, a.rows, largest * kSmallestPivot);
}

void Cholesky::factor_block(int64_t begin, int64_t size, float floor) {
  if (size <= kBase) return factor_base(lower(begin, begin), size, floor, inverse_.row(begin));
  const int64_t first = half(size), rest = size - first, middle = begin + first;
  factor_block(begin, first, floor);
  parallel_blocks(rest, kRowBlock,
                  [&](int64_t i, int64_t end) { forward(lower(middle + i, begin), end - i, begin, first); });
  parallel_blocks(rest, kRowBlock, [&](int64_t i, int64_t end) {
    add_product(-1.0f, lower(middle + i, begin), false, lower(middle, begin), true, lower(middle + i, middle), end - i,
                end, first);
  });
  factor_block(middle, rest, floor);
}

void Cholesky::solve_rows(MatrixView b) const {
  parallel_blocks(b.rows, kRowBlock, [&](int64_t i, int64_t end) {
    const BlockView rows{b.row(i), b.cols};
    forward(rows, end - i, 0, b.cols);
    backward(rows, end - i, 0, b.cols);
  });
}

void Cholesky::solve_columns(MatrixView b) const {
  parallel_blocks(b.cols, kRowBlock, [&](int64_t j, int64_t end) {
    const BlockView columns{b.data + j, b.cols};
    forward_columns(columns, end - j, 0, b.rows);
    backward_columns(columns, end - j, 0, b.rows);
  });
}

/// b <- b L^-T for the diagonal block [begin, begin + size) of L; b points at that block's first column.
void Cholesky::forward(BlockView b, int64_t rows, int64_t begin, int64_t size) const {
  if (size <= kBase) return multiply_inverse(b, rows, begin, size, true);
  const int64_t first = half(size), rest = size - first;
  forward(b, rows, begin, first);
  add_product(-1.0f, b, false, lower(begin + first, begin), true, b.at(0, first), rows, rest, first);
  forward(b.at(0, first), rows, begin + first, rest);
}

/// b <- b L^-1.
void Cholesky::backward(BlockView b, int64_t rows, int64_t begin, int64_t size) const {
  if (size <= kBase) return multiply_inverse(b, rows, begin, size, false);
  const int64_t first = half(size), rest = size - first;
  backward(b.at(0, first), rows, begin + first, rest);
  add_product(-1.0f, b.at(0, first), false, lower(begin + first, begin), false, b, rows, first, rest);
  backward(b, rows, begin, first);
}

void Cholesky::multiply_inverse(BlockView b, int64_t rows, int64_t begin, int64_t size, bool transposed) const {
  float copy[kRowBlock * kBase];
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(b.data + i * b.stride, size, copy + i * kBase);
    std::fill_n(b.data + i * b.stride, size, 0.0f);
  }
  add_product(1.0f, {copy, kBase}, false, {inverse_.row(begin), kBase}, transposed, b, rows, size, size);
}

/// b <- L^-1 b for the diagonal block [begin, begin + size) of L; b points at that block's first row.
void Cholesky::forward_columns(BlockView b, int64_t cols, int64_t begin, int64_t size) const {
  if (size <= kBase) return inverse_multiply(b, cols, begin, size, false);
  const int64_t first = half(size), rest = size - first;
  forward_columns(b, cols, begin, first);
  add_product(-1.0f, lower(begin + first, begin), false, b, false, b.at(first, 0), rest, cols, first);
  forward_columns(b.at(first, 0), cols, begin + first, rest);
}

/// b <- L^-T b.
void Cholesky::backward_columns(BlockView b, int64_t cols, int64_t begin, int64_t size) const {
  if (size <= kBase) return inverse_multiply(b, cols, begin, size, true);
  const int64_t first = half(size), rest = size - first;
  backward_columns(b.at(first, 0), cols, begin + first, rest);
  add_product(-1.0f, lower(begin + first, begin), true, b.at(first, 0), false, b, first, cols, rest);
  backward_columns(b, cols, begin, first);
}

void Cholesky::inverse_multiply(BlockView b, int64_t cols, int64_t begin, int64_t size, bool transposed) const {
  float copy[kRowBlock * kBase];
  for (int64_t i = 0; i < size; ++i) {
    std::copy_n(b.data + i * b.stride, cols, copy + i * cols);
    std::fill_n(b.data + i * b.stride, cols, 0.0f);
  }
  add_product(1.0f, {inverse_.row(begin), kBase}, transposed, {copy, cols}, false, b, size, cols, size);
}

}  // namespace tersegraph
