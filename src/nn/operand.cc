#include "nn/operand.h"

#include "kernels/spmm.h"

namespace tersegraph {

void multiply(const Operand& x, ConstMatrixView w, MatrixView y, Write write) {
  if (x.is_sparse) {
    spmm(x.sparse, w, y, write);
  } else {
    gemm(x.dense, w, y, write);
  }
}

void multiply_transposed(const Operand& x, ConstMatrixView dy, MatrixView dw, GemmWorkspace& workspace) {
  if (x.is_sparse) {
    spmm(x.sparse_transposed, dy, dw);
  } else {
    gemm_transposed_a(x.dense, dy, dw, workspace);
  }
}

}  // namespace tersegraph
