#pragma once

#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/csr.h"
#include "base/matrix.h"
#include "base/rng.h"
#include "kernels/row_codec.h"
#include "nn/row_blocks.h"

namespace tersegraph {

/// Rows that the way forward leaves for the way back: as they are, or rounded to 1 to 8 bits a value with the codec of
/// the messages. Rounding is stochastic, so that products with the rows stay unbiased (ActNN, Chen et al. 2021; for
/// graph networks EXACT, Liu et al. 2022).
class KeptRows {
 public:
  /// `bits`: 32, or 1 to 8. `positive`: remember exactly which values are above 0, at one more bit a value.
  void reshape(int64_t rows, int64_t cols, int bits, bool positive);
  static int64_t bytes(int64_t rows, int64_t cols, int bits, bool positive);

  /// Where the block is to be written; thread room `use` unless the rows are kept as they are.
  MatrixView room(const RowBlock& block, size_t use);
  /// Keeps what was written there. Row i draws from key.row(ids[i]), ids being those of all rows.
  void keep(const RowBlock& block, ConstMatrixView x, const int64_t* ids, StreamKey key);
  /// Rows block.begin .. end; in thread room `use` unless they are kept as they are.
  MatrixView rows(const RowBlock& block, int64_t end, size_t use) const;

  /// All rows, where they are kept as they are.
  Matrix& whole() { return exact_; }
  bool compressed() const { return bits_ < 32; }

 private:
  int64_t cols_ = 0, row_bytes_ = 0;
  int bits_ = 32;
  bool positive_ = false;
  Matrix exact_;
  Buffer payload_, positive_bits_;
  std::vector<RowParams> params_;
  Csr block_rows_;  ///< row k of a block is row k of what is encoded
  std::vector<uint8_t> row_bits_;
  std::vector<int64_t> row_offsets_;
};

}  // namespace tersegraph
