#pragma once

#include <cstdint>
#include <vector>

#include "base/csr.h"
#include "base/matrix.h"

namespace tersegraph {

/// The row ends of a x: how many columns have an entry.
std::vector<int64_t> product_indptr(CsrView a, CsrView x);

/// y = a x, sparse; y.indptr and y.cols are those of the product. Columns ascend. Every entry is summed in the order of
/// a, by one thread.
void sparse_product(CsrView a, CsrView x, Csr& y);

/// The same sums, into the first a.rows rows of a dense y.
void sparse_product(CsrView a, CsrView x, MatrixView y);

}  // namespace tersegraph
