#pragma once

#include <cstdint>

#include "data/features.h"

namespace tersegraph {

/// Whether `rows` rows with `nnz` entries take less memory sparse. Ranks ask it with the numbers of all of them
/// together, so that they agree and the answer does not depend on how many they are.
inline bool sparse_is_smaller(int64_t rows, int64_t cols, int64_t nnz) {
  return 8 * (rows + nnz) < 4 * rows * cols;
}

/// Stored entries; all cells of dense rows.
inline int64_t stored(const Features& x) {
  return x.is_sparse ? x.sparse.nnz() : x.dense.size();
}

Matrix to_dense(CsrView x);

/// Writes x into columns column .. column + x.cols() - 1 of y; of sparse rows the entries alone.
void place(const Features& x, MatrixView y, int64_t column);

}  // namespace tersegraph
