#pragma once

#include <span>

#include "base/csr.h"
#include "base/matrix.h"
#include "kernels/bf16.h"

namespace tersegraph {

enum class Write { overwrite, accumulate };

/// y = a x (or y += a x). a (m, n), x (n, d), y (m, d); y must not overlap x. Each row is summed by one thread in fp32
/// in the order in which a stores it, so the result does not depend on the number of threads. x in bf16 halves the
/// bytes that are gathered, which is what SpMM waits for. Column ids are 32 bits, since a rank holds fewer nodes than
/// 2^31 and wider ones would only cost bandwidth; entries are counted in 64.
void spmm(CsrView a, ConstMatrixView x, MatrixView y, Write write = Write::overwrite);
void spmm(CsrView a, ConstBf16View x, MatrixView y, Write write = Write::overwrite);

/// Rows begin..end of the same on the calling thread alone, for kernels that go on with them: row i goes to
/// y + (i - begin) * d.
void spmm_rows(CsrView a, ConstMatrixView x, int64_t begin, int64_t end, float* y, Write write = Write::overwrite);
void spmm_rows(CsrView a, ConstBf16View x, int64_t begin, int64_t end, float* y, Write write = Write::overwrite);

/// Of the rows of a, those in `rows`, in any order: row rows[k] goes to y + k * d.
void spmm_rows(CsrView a, ConstMatrixView x, std::span<const int32_t> rows, float* y, Write write = Write::overwrite);
void spmm_rows(CsrView a, ConstBf16View x, std::span<const int32_t> rows, float* y, Write write = Write::overwrite);

/// The same in plain loops and fp64 sums: what tests compare with.
void spmm_reference(CsrView a, ConstMatrixView x, MatrixView y, Write write = Write::overwrite);

}  // namespace tersegraph
