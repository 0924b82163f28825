#include "nn/kept_rows.h"

#include "kernels/positive_bits.h"

namespace tersegraph {
namespace {

int64_t mask_bytes(int64_t cols) {
  return (cols + 7) / 8;
}

}  // namespace

int64_t KeptRows::bytes(int64_t rows, int64_t cols, int bits, bool positive) {
  if (bits == 32) return 4 * rows * cols;
  const auto params = static_cast<int64_t>(sizeof(RowParams));
  return rows * (payload_bytes(bits, cols) + params + (positive ? mask_bytes(cols) : 0));
}

void KeptRows::reshape(int64_t rows, int64_t cols, int bits, bool positive) {
  cols_ = cols;
  bits_ = bits;
  positive_ = positive && bits < 32;
  if (bits == 32) return exact_.reshape(rows, cols);
  row_bytes_ = payload_bytes(bits, cols);
  payload_.reserve(static_cast<size_t>(rows * row_bytes_));
  if (positive_) positive_bits_.reserve(static_cast<size_t>(rows * mask_bytes(cols)));
  params_.resize(rows);
  if (block_rows_.rows() > 0 && row_bits_[0] == bits && block_rows_.cols == row_bytes_) return;
  block_rows_ = Csr();
  block_rows_.cols = row_bytes_;
  for (int32_t k = 0; k < RowBlocks::kMostRows; ++k) {
    block_rows_.indices.push_back(k);
    block_rows_.indptr.push_back(k + 1);
  }
  row_bits_.assign(RowBlocks::kMostRows, static_cast<uint8_t>(bits));
  row_offsets_.resize(RowBlocks::kMostRows);
  for (int64_t k = 0; k < RowBlocks::kMostRows; ++k) row_offsets_[k] = k * row_bytes_;
}

MatrixView KeptRows::room(const RowBlock& block, size_t use) {
  if (!compressed()) return rows_of(exact_.view(), block.begin, block.end);
  return block.thread.room(use, block.rows(), cols_);
}

void KeptRows::keep(const RowBlock& block, ConstMatrixView x, const int64_t* ids, StreamKey key) {
  if (!compressed()) return;
  CsrView rows = block_rows_;
  rows.rows = x.rows;
  encode_block(rows, x, ids + block.begin, key,
               {.bits = row_bits_.data(),
                .offsets = row_offsets_.data(),
                .payload = payload_.data() + block.begin * row_bytes_,
                .params = params_.data() + block.begin});
  if (!positive_) return;
  uint8_t* const bits = reinterpret_cast<uint8_t*>(positive_bits_.data());
  for (int64_t i = 0; i < x.rows; ++i) pack_positive(x.row(i), cols_, bits + (block.begin + i) * mask_bytes(cols_));
}

MatrixView KeptRows::rows(const RowBlock& block, int64_t end, size_t use) const {
  if (!compressed()) return rows_of(exact_.view(), block.begin, end);
  const MatrixView x = block.thread.room(use, end - block.begin, cols_);
  for (int64_t i = 0; i < x.rows; ++i) {
    const int64_t row = block.begin + i;
    decode_row({payload_.data() + row * row_bytes_, params_[row], bits_}, cols_, x.row(i));
    if (!positive_) continue;
    restore_positive(reinterpret_cast<const uint8_t*>(positive_bits_.data()) + row * mask_bytes(cols_), cols_,
                     x.row(i));
  }
  return x;
}

}  // namespace tersegraph
