#pragma once

#include "base/matrix.h"
#include "kernels/spmm.h"

namespace tersegraph {

/// c = a b (or c += a b) on the calling thread alone, for kernels that go on with a block of rows while it is in cache.
/// a (n, k), b (k, m), c (n, m). The last bits of a row may depend on n. Errors, of this and all below: RunError when
/// oneDNN finds no memory.
void gemm_block(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write = Write::overwrite);
/// c = a b^T. a (n, k), b (m, k), c (n, m).
void gemm_block_transposed_b(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write = Write::overwrite);
/// c = a^T b. a (n, k), b (n, m), c (k, m).
void gemm_block_transposed_a(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write = Write::overwrite);

/// c = a b (or c += a b). a (n, k), b (k, m), c (n, m). Row blocks run in parallel, each one single-threaded oneDNN
/// GEMM, so results are bit-identical for any number of threads.
void gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write = Write::overwrite);

/// c = a b^T. a (n, k), b (m, k), c (n, m).
void gemm_transposed_b(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write = Write::overwrite);

/// Partial sums of gemm_transposed_a; kept by the caller so that a steady epoch allocates nothing.
struct GemmWorkspace {
  Matrix partial;
};

/// c = a^T b, the shape of weight gradients. a (n, k), b (n, m), c (k, m). The long sum over n is cut into ranges that
/// depend on n alone, each summed by one thread, then added in order: bit-identical for any number of threads.
void gemm_transposed_a(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmWorkspace& workspace,
                       Write write = Write::overwrite);

/// Plain loops with fp64 sums: what tests compare with.
void gemm_reference(ConstMatrixView a, ConstMatrixView b, MatrixView c);

}  // namespace tersegraph
