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

  /// Rows begin..end, without the transpose.
  Operand rows(int64_t begin, int64_t end) const {
    if (!is_sparse) return of(rows_of(dense, begin, end));
    return of(CsrView{end - begin, sparse.cols, sparse.indptr + begin, sparse.indices, sparse.values}, {});
  }

  int64_t cols() const { return is_sparse ? sparse.cols : dense.cols; }
  bool empty() const { return cols() == 0; }
};

/// y = x w (or y += x w) for a block of rows, on the calling thread alone.
void multiply_block(const Operand& x, ConstMatrixView w, MatrixView y, Write write = Write::overwrite);

}  // namespace tersegraph
