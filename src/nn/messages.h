#pragma once

#include <cstdint>

#include "base/buffer.h"
#include "base/matrix.h"
#include "kernels/bf16.h"
#include "nn/row_blocks.h"

namespace tersegraph {

/// The rows that A reads, written by the loop over blocks that comes before it: in fp32, or rounded to the nearest
/// bf16, which halves their memory and what the aggregation gathers.
class Messages {
 public:
  void reshape(int64_t rows, int64_t cols, bool rounds) {
    rows_ = rows;
    cols_ = cols;
    rounds_ = rounds;
    if (!rounds) return exact_.reshape(rows, cols);
    rounded_.reserve(static_cast<size_t>(rows * cols) * sizeof(Bf16));
  }

  /// All rows, where they are fp32.
  MatrixView exact() const { return exact_; }
  /// Calls read(view of all rows), a ConstMatrixView or a ConstBf16View.
  template <class Read>
  void visit(Read&& read) const {
    if (!rounds_) return read(ConstMatrixView(exact_));
    read(ConstBf16View{rounded_row(0), rows_, cols_});
  }

  /// Calls write(view of the block's rows).
  template <class Write>
  void write(const RowBlock& block, Write&& write) {
    if (!rounds_) return write(rows_of(exact_.view(), block.begin, block.end));
    const MatrixView rows = block.thread.room(kRoom, block.rows(), cols_);
    write(rows);
    put(block, rows);
  }

  void put(const RowBlock& block, ConstMatrixView x) {
    if (!rounds_) return copy_block(x, rows_of(exact_.view(), block.begin, block.end));
    to_bf16(x.data, rounded_row(block.begin), x.size());
  }

  /// Rows block.begin .. end.
  ConstMatrixView rows(const RowBlock& block, int64_t end) const {
    if (!rounds_) return rows_of(ConstMatrixView(exact_.view()), block.begin, end);
    const MatrixView x = block.thread.room(kRoom, end - block.begin, cols_);
    const Bf16* const rounded = rounded_row(block.begin);
    for (int64_t k = 0; k < x.size(); ++k) x.data[k] = from_bf16(rounded[k]);
    return x;
  }

 private:
  static constexpr size_t kRoom = 4;

  Bf16* rounded_row(int64_t i) const { return reinterpret_cast<Bf16*>(rounded_.data()) + i * cols_; }

  int64_t rows_ = 0, cols_ = 0;
  bool rounds_ = false;
  Matrix exact_;
  Buffer rounded_;
};

}  // namespace tersegraph
