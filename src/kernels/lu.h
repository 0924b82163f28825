#pragma once

#include <vector>

#include "base/matrix.h"
#include "kernels/dense_solve.h"

namespace tersegraph {

/// P A = L U of a square fp32 matrix with partial pivoting, by recursion over columns on oneDNN's GEMM. For small
/// systems that are not definite: the factor is computed on the calling thread.
class Lu {
 public:
  /// Overwrites a (n, n) with L and U; it must stay as it is while the factor is used. A singular matrix gives
  /// infinities.
  void factor(MatrixView a);

  /// b (rows, n) <- b A^-1: one system a row. Row blocks run in parallel and do not depend on the number of threads.
  void solve_rows(MatrixView b) const;

 private:
  void factor_columns(int64_t begin, int64_t size);
  void factor_panel(int64_t begin, int64_t size);
  void swap_rows(int64_t first_pivot, int64_t last_pivot, int64_t begin, int64_t end);
  void invert_diagonal(int64_t begin, int64_t size);
  void solve_lower_columns(BlockView b, int64_t cols, int64_t begin, int64_t size) const;
  void divide_by_upper(BlockView b, BlockView x, int64_t rows, int64_t begin, int64_t size) const;
  void divide_by_lower(BlockView b, BlockView x, int64_t rows, int64_t begin, int64_t size) const;
  BlockView at(int64_t row, int64_t col) const { return BlockView{lu_.data, lu_.cols}.at(row, col); }

  MatrixView lu_;
  std::vector<int64_t> pivots_;           ///< row that stood in for row i
  Matrix lower_inverse_, upper_inverse_;  ///< of the diagonal blocks
};

}  // namespace tersegraph
