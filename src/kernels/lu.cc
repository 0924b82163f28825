#include "kernels/lu.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace tersegraph {
namespace {

constexpr int64_t kBase = 16;  ///< columns of a panel, order of the diagonal blocks

int64_t half(int64_t size) {
  return (size + kBase - 1) / kBase / 2 * kBase;
}

BlockView rows_of(const Matrix& x, int64_t begin) {
  return {const_cast<float*>(x.row(begin)), x.cols()};
}

}  // namespace

void Lu::factor(MatrixView a) {
  lu_ = a;
  pivots_.resize(static_cast<size_t>(a.rows));
  const int64_t blocks = (a.rows + kBase - 1) / kBase;
  lower_inverse_.reshape(blocks * kBase, kBase);
  upper_inverse_.reshape(blocks * kBase, kBase);
  if (a.rows > 0) factor_columns(0, a.rows);
}

void Lu::factor_columns(int64_t begin, int64_t size) {
  if (size <= kBase) return factor_panel(begin, size);
  const int64_t first = half(size), middle = begin + first, end = begin + size, below = lu_.rows - middle;
  factor_columns(begin, first);
  swap_rows(begin, middle, middle, end);
  solve_lower_columns(at(begin, middle), end - middle, begin, first);
  add_product(-1.0f, at(middle, begin), false, at(begin, middle), false, at(middle, middle), below, end - middle,
              first);
  factor_columns(middle, size - first);
  swap_rows(middle, end, begin, middle);
}

/// Columns begin .. begin + size - 1 from row `begin` down.
void Lu::factor_panel(int64_t begin, int64_t size) {
  for (int64_t j = begin; j < begin + size; ++j) {
    int64_t best = j;
    for (int64_t i = j + 1; i < lu_.rows; ++i) {
      if (std::abs(lu_(i, j)) > std::abs(lu_(best, j))) best = i;
    }
    pivots_[j] = best;
    swap_rows(j, j + 1, begin, begin + size);
    const float inverse = 1.0f / lu_(j, j);
    const float* pivot = lu_.row(j);
    for (int64_t i = j + 1; i < lu_.rows; ++i) {
      float* row = lu_.row(i);
      const float factor = row[j] *= inverse;
      for (int64_t k = j + 1; k < begin + size; ++k) row[k] -= factor * pivot[k];
    }
  }
  invert_diagonal(begin, size);
}

/// Swaps, in columns begin .. end - 1, the rows that pivots first .. last - 1 name.
void Lu::swap_rows(int64_t first_pivot, int64_t last_pivot, int64_t begin, int64_t end) {
  for (int64_t j = first_pivot; j < last_pivot; ++j) {
    if (pivots_[j] != j) std::swap_ranges(lu_.row(j) + begin, lu_.row(j) + end, lu_.row(pivots_[j]) + begin);
  }
}

void Lu::invert_diagonal(int64_t begin, int64_t size) {
  double lower[kBase][kBase] = {}, upper[kBase][kBase] = {};
  for (int64_t i = 0; i < size; ++i) {
    lower[i][i] = 1.0;
    for (int64_t k = 0; k < i; ++k) {
      for (int64_t j = 0; j <= k; ++j) lower[i][j] -= static_cast<double>(lu_(begin + i, begin + k)) * lower[k][j];
    }
  }
  for (int64_t i = size - 1; i >= 0; --i) {
    upper[i][i] = 1.0;
    for (int64_t k = i + 1; k < size; ++k) {
      for (int64_t j = k; j < size; ++j) upper[i][j] -= static_cast<double>(lu_(begin + i, begin + k)) * upper[k][j];
    }
    for (int64_t j = i; j < size; ++j) upper[i][j] /= lu_(begin + i, begin + i);
  }
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < size; ++j) {
      lower_inverse_(begin + i, j) = static_cast<float>(lower[i][j]);
      upper_inverse_(begin + i, j) = static_cast<float>(upper[i][j]);
    }
  }
}

/// b <- L^-1 b for the diagonal block [begin, begin + size) of L.
void Lu::solve_lower_columns(BlockView b, int64_t cols, int64_t begin, int64_t size) const {
  if (size > kBase) {
    const int64_t first = half(size), rest = size - first;
    solve_lower_columns(b, cols, begin, first);
    add_product(-1.0f, at(begin + first, begin), false, b, false, b.at(first, 0), rest, cols, first);
    return solve_lower_columns(b.at(first, 0), cols, begin + first, rest);
  }
  for (int64_t i = 1; i < size; ++i) {
    for (int64_t k = 0; k < i; ++k) {
      const float factor = lu_(begin + i, begin + k);
      for (int64_t j = 0; j < cols; ++j) b.data[i * b.stride + j] -= factor * b.data[k * b.stride + j];
    }
  }
}

/// x = b U^-1; b, which is used up, and x point at the block's first column.
void Lu::divide_by_upper(BlockView b, BlockView x, int64_t rows, int64_t begin, int64_t size) const {
  if (size <= kBase) return set_product(1.0f, b, false, rows_of(upper_inverse_, begin), false, x, rows, size, size);
  const int64_t first = half(size), rest = size - first;
  divide_by_upper(b, x, rows, begin, first);
  add_product(-1.0f, x, false, at(begin, begin + first), false, b.at(0, first), rows, rest, first);
  divide_by_upper(b.at(0, first), x.at(0, first), rows, begin + first, rest);
}

/// x = b L^-1.
void Lu::divide_by_lower(BlockView b, BlockView x, int64_t rows, int64_t begin, int64_t size) const {
  if (size <= kBase) return set_product(1.0f, b, false, rows_of(lower_inverse_, begin), false, x, rows, size, size);
  const int64_t first = half(size), rest = size - first;
  divide_by_lower(b.at(0, first), x.at(0, first), rows, begin + first, rest);
  add_product(-1.0f, x.at(0, first), false, at(begin + first, begin), false, b, rows, first, rest);
  divide_by_lower(b, x, rows, begin, first);
}

void Lu::solve_rows(MatrixView b) const {
  // x A = b with A = P^T L U: x = ((b U^-1) L^-1) P, and P undoes the swaps in reverse.
  parallel_blocks(b.rows, even_rows(b.rows), [&](int64_t begin, int64_t end) {
    thread_local Matrix half_solved;
    half_solved.reshape(end - begin, b.cols);
    const BlockView rows{b.row(begin), b.cols};
    divide_by_upper(rows, rows_of(half_solved, 0), end - begin, 0, b.cols);
    divide_by_lower(rows_of(half_solved, 0), rows, end - begin, 0, b.cols);
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = b.cols - 1; j >= 0; --j) std::swap(b(i, j), b(i, pivots_[j]));
    }
  });
}

}  // namespace tersegraph
