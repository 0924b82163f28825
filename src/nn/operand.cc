#include "nn/operand.h"

#include "kernels/spmm.h"

namespace tersegraph {

void multiply_block(const Operand& x, ConstMatrixView w, MatrixView y, Write write) {
  if (x.is_sparse) {
    spmm_rows(x.sparse, w, 0, x.sparse.rows, y.data, write);
  } else {
    gemm_block(x.dense, w, y, write);
  }
}

}  // namespace tersegraph
