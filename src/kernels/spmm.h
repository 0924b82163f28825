#pragma once

#include "base/csr.h"
#include "base/matrix.h"

namespace tersegraph {

enum class Write { overwrite, accumulate };

/// y = a x (or y += a x). a (m, n), x (n, d), y (m, d); y must not overlap x. Each row is summed by one thread in the
/// order in which a stores it, so the result does not depend on the number of threads.
void spmm(CsrView a, ConstMatrixView x, MatrixView y, Write write = Write::overwrite);

/// Rows begin..end of the same on the calling thread alone, for kernels that go on with them: row i goes to
/// y + (i - begin) * d.
void spmm_rows(CsrView a, ConstMatrixView x, int64_t begin, int64_t end, float* y, Write write = Write::overwrite);

/// The same in plain loops and fp64 sums: what tests compare with.
void spmm_reference(CsrView a, ConstMatrixView x, MatrixView y, Write write = Write::overwrite);

}  // namespace tersegraph
