#pragma once

#include "base/csr.h"
#include "base/matrix.h"
#include "kernels/gemm.h"

namespace tersegraph {

/// Rows that a layer transforms: dense (owned, d), or sparse with its transpose (for the weight gradient).
struct Operand {
  ConstMatrixView dense;
  CsrView sparse, sparse_transposed;
  bool is_sparse = false;

  static Operand of(ConstMatrixView dense) { return {dense, {}, {}, false}; }
  static Operand of(CsrView sparse, CsrView transposed) { return {{}, sparse, transposed, true}; }

  int64_t cols() const { return is_sparse ? sparse.cols : dense.cols; }
  bool empty() const { return cols() == 0; }
};

/// y = x w (or y += x w).
void multiply(const Operand& x, ConstMatrixView w, MatrixView y, Write write = Write::overwrite);

/// dw = x^T dy.
void multiply_transposed(const Operand& x, ConstMatrixView dy, MatrixView dw, GemmWorkspace& workspace);

}  // namespace tersegraph
