#include "kernels/dense_solve.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "kernels/sgemm.h"

namespace tersegraph {
namespace {

constexpr int64_t kBase = 32;      ///< order of the diagonal blocks
constexpr int64_t kGramRows = 64;  ///< few, for the upper triangle is cut off by whole parts
constexpr int64_t kTile = 32;      ///< rows and columns that are transposed together
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

struct Manner {
  float alpha, beta;
  bool transpose_a, transpose_b;
};

void multiply(const Manner& how, BlockView a, BlockView b, BlockView c, int64_t m, int64_t n, int64_t k) {
  if (m == 0 || n == 0 || k == 0) return;
  Sgemm{how.transpose_a ? 'T' : 'N',
        how.transpose_b ? 'T' : 'N',
        m,
        n,
        k,
        how.alpha,
        a.data,
        a.stride,
        b.data,
        b.stride,
        how.beta,
        c.data,
        c.stride}
      .run();
}

BlockView block(ConstMatrixView x) {
  return {const_cast<float*>(x.data), x.cols};
}

/// A thread's memory for the half-solved rows or columns.
BlockView scratch(int64_t rows, int64_t cols) {
  thread_local Matrix memory;
  memory.reshape(rows, cols);
  return {memory.data(), cols};
}

}  // namespace

void add_product(float alpha, BlockView a, bool transpose_a, BlockView b, bool transpose_b, BlockView c, int64_t m,
                 int64_t n, int64_t k) {
  multiply({alpha, 1.0f, transpose_a, transpose_b}, a, b, c, m, n, k);
}

void set_product(float alpha, BlockView a, bool transpose_a, BlockView b, bool transpose_b, BlockView c, int64_t m,
                 int64_t n, int64_t k) {
  multiply({alpha, 0.0f, transpose_a, transpose_b}, a, b, c, m, n, k);
}

int64_t even_rows(int64_t rows, int64_t longest) {
  const int64_t parts = std::max<int64_t>((rows + longest - 1) / longest, 1);
  return std::max<int64_t>(((rows + parts - 1) / parts + 7) / 8 * 8, 8);
}

void transpose(ConstMatrixView x, BlockView y) {
  parallel_blocks(x.cols, kTile, [&](int64_t begin, int64_t end) {
    for (int64_t tile = 0; tile < x.rows; tile += kTile) {
      for (int64_t j = begin; j < end; ++j) {
        float* const to = y.data + j * y.stride;
        for (int64_t i = tile; i < std::min(tile + kTile, x.rows); ++i) to[i] = x(i, j);
      }
    }
  });
}

void multiply_columns(ConstMatrixView a, ConstMatrixView b, MatrixView c) {
  parallel_blocks(c.rows, even_rows(c.rows), [&](int64_t begin, int64_t end) {
    set_product(1.0f, block(a).at(0, begin), true, block(b), false, {c.row(begin), c.cols}, end - begin, c.cols,
                a.rows);
  });
}

void gram_rows(ConstMatrixView x, MatrixView c) {
  parallel_blocks(x.rows, even_rows(x.rows, kGramRows), [&](int64_t begin, int64_t end) {
    set_product(1.0f, block(x).at(begin, 0), false, block(x), true, {c.row(begin), c.cols}, end - begin, end, x.cols);
  });
}

void gram_columns(ConstMatrixView x, MatrixView c) {
  parallel_blocks(x.cols, even_rows(x.cols, kGramRows), [&](int64_t begin, int64_t end) {
    set_product(1.0f, block(x).at(0, begin), true, block(x), false, {c.row(begin), c.cols}, end - begin, end, x.rows);
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
  const int64_t part = even_rows(rest);
  parallel_blocks(rest, part, [&](int64_t i, int64_t end) {
    const BlockView rows = lower(middle + i, begin), solved = scratch(end - i, first);
    forward(rows, solved, end - i, begin, first);
    for (int64_t r = 0; r < end - i; ++r) {
      std::copy_n(solved.data + r * solved.stride, first, rows.data + r * rows.stride);
    }
  });
  parallel_blocks(rest, part, [&](int64_t i, int64_t end) {
    add_product(-1.0f, lower(middle + i, begin), false, lower(middle, begin), true, lower(middle + i, middle), end - i,
                end, first);
  });
  factor_block(middle, rest, floor);
}

void Cholesky::solve_rows(MatrixView b) const {
  parallel_blocks(b.rows, even_rows(b.rows), [&](int64_t i, int64_t end) {
    const BlockView rows{b.row(i), b.cols}, half_solved = scratch(end - i, b.cols);
    forward(rows, half_solved, end - i, 0, b.cols);
    backward(half_solved, rows, end - i, 0, b.cols);
  });
}

void Cholesky::solve_columns(MatrixView b) const {
  parallel_blocks(b.cols, even_rows(b.cols), [&](int64_t j, int64_t end) {
    const BlockView columns{b.data + j, b.cols}, half_solved = scratch(b.rows, end - j);
    forward_columns(columns, half_solved, end - j, 0, b.rows);
    backward_columns(half_solved, columns, end - j, 0, b.rows);
  });
}

// Of each of these b is used up, and stands apart from x, so that diagonal blocks cost no copies.

/// x = b L^-T for the diagonal block [begin, begin + size) of L; b and x point at that block's first column.
void Cholesky::forward(BlockView b, BlockView x, int64_t rows, int64_t begin, int64_t size) const {
  if (size <= kBase) return set_product(1.0f, b, false, inverse(begin), true, x, rows, size, size);
  const int64_t first = half(size), rest = size - first;
  forward(b, x, rows, begin, first);
  add_product(-1.0f, x, false, lower(begin + first, begin), true, b.at(0, first), rows, rest, first);
  forward(b.at(0, first), x.at(0, first), rows, begin + first, rest);
}

/// x = b L^-1.
void Cholesky::backward(BlockView b, BlockView x, int64_t rows, int64_t begin, int64_t size) const {
  if (size <= kBase) return set_product(1.0f, b, false, inverse(begin), false, x, rows, size, size);
  const int64_t first = half(size), rest = size - first;
  backward(b.at(0, first), x.at(0, first), rows, begin + first, rest);
  add_product(-1.0f, x.at(0, first), false, lower(begin + first, begin), false, b, rows, first, rest);
  backward(b, x, rows, begin, first);
}

/// x = L^-1 b; b and x point at the diagonal block's first row.
void Cholesky::forward_columns(BlockView b, BlockView x, int64_t cols, int64_t begin, int64_t size) const {
  if (size <= kBase) return set_product(1.0f, inverse(begin), false, b, false, x, size, cols, size);
  const int64_t first = half(size), rest = size - first;
  forward_columns(b, x, cols, begin, first);
  add_product(-1.0f, lower(begin + first, begin), false, x, false, b.at(first, 0), rest, cols, first);
  forward_columns(b.at(first, 0), x.at(first, 0), cols, begin + first, rest);
}

/// x = L^-T b.
void Cholesky::backward_columns(BlockView b, BlockView x, int64_t cols, int64_t begin, int64_t size) const {
  if (size <= kBase) return set_product(1.0f, inverse(begin), true, b, false, x, size, cols, size);
  const int64_t first = half(size), rest = size - first;
  backward_columns(b.at(first, 0), x.at(first, 0), cols, begin + first, rest);
  add_product(-1.0f, lower(begin + first, begin), true, x.at(first, 0), false, b, first, cols, rest);
  backward_columns(b, x, cols, begin, first);
}

}  // namespace tersegraph
