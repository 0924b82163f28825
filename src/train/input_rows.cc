#include "train/input_rows.h"

#include <cmath>

#include "base/parallel.h"

namespace tersegraph {

InputRows::InputRows(ConstMatrixView dense, std::span<const int64_t> ids, float dropout)
    : dense_(dense), ids_(ids), dropout_(dropout) {}

InputRows::InputRows(CsrView sparse, std::span<const int64_t> ids, float dropout)
    : sparse_(sparse), transposed_(transpose(sparse)), ids_(ids), dropout_(dropout) {}

void InputRows::drop_sparse(StreamKey key) {
  const auto threshold = static_cast<uint32_t>(std::lround(dropout_ * 65536.0f));
  const float scale = threshold == 65536 ? 0.0f : 65536.0f / static_cast<float>(65536 - threshold);
  row_keys_.resize(sparse_.rows);
  dropped_.resize(sparse_.nnz());
  dropped_transposed_.resize(sparse_.nnz());
  const auto kept = [&](float value, int64_t row, int64_t column) {
    return random16(row_keys_[row], column) >= threshold ? value * scale : 0.0f;
  };
  parallel_blocks(sparse_.rows, 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      row_keys_[i] = key.row(ids_[i]);
      for (int64_t e = sparse_.begin(i); e < sparse_.end(i); ++e) {
        dropped_[e] = kept(sparse_.value(e), i, sparse_.indices[e]);
      }
    }
  });
  const CsrView transposed = transposed_;
  parallel_blocks(transposed.rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      for (int64_t e = transposed.begin(c); e < transposed.end(c); ++e) {
        dropped_transposed_[e] = kept(transposed.value(e), transposed.indices[e], c);
      }
    }
  });
}

Operand InputRows::prepare(const ModelPass& pass) {
  const bool drop = pass.training && dropout_ > 0.0f;
  const StreamKey key(pass.seed, Purpose::input_dropout, Direction::forward(), pass.epoch);
  if (sparse_.cols > 0) {
    CsrView x = sparse_, transposed = transposed_;
    if (drop) {
      drop_sparse(key);
      x.values = dropped_.data();
      transposed.values = dropped_transposed_.data();
    }
    return Operand::of(x, transposed);
  }
  if (!drop || dense_.size() == 0) return Operand::of(dense_);
  dropped_dense_.reshape(dense_.rows, dense_.cols);
  dropout_rows(dense_, ids_.data(), dropout_, key, dropped_dense_);
  return Operand::of(dropped_dense_);
}

}  // namespace tersegraph
