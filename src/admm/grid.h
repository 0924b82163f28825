#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "admm/column_shards.h"
#include "admm/config.h"
#include "base/matrix.h"

namespace tersegraph {

/// How a matrix (training columns, neurons) of p or q is rounded and packed. Both ends of a link hold what decode()
/// makes of the packed bytes, so that they agree to the bit.
///
/// Every kGridColumns training columns are a block. What a rank holds of one is packed on its own: for the affine grid
/// first the block's least value and the
/// step of every neuron (fp32 each), then the codes. Codes of b bits are planes of 8, 4, 2 or 1 bits (3 = 2 + 1, 10 = 8
/// + 2), the lowest bits first. A plane of p bits over m training columns has ceil(m p / 8) byte rows of one byte a
/// neuron; byte row k holds columns k, rows + k, 2 rows + k, ... from its low bits upwards, so that packing runs along
/// the memory.
///
/// A block that is cut over ranks has one grid: they agree on its extremes, so that the grids do not depend on how many
/// they are.
///
/// The affine grid's levels reach from extreme to extreme. Those of a change are the middles of 2^bits equal cells
/// instead: a smaller greatest error, so that repeated messages of a value that rests come to it at any bit-width.
class Grid {
 public:
  static constexpr int64_t kGridColumns = 1024;

  /// fp32 as it is.
  Grid() = default;
  /// What `config` says of p (q, where `of_q`). `shards`: of the columns, where they are cut; must outlive this.
  Grid(const AdmmConfig& config, bool of_q, ColumnShards* shards = nullptr);

  bool exact() const { return kind_ == Kind::fp32; }
  /// Levels that do not depend on the data: what the theory of the quantized method needs.
  bool fixed() const { return kind_ == Kind::levels; }
  /// What is encoded is not the matrix but its change since the message before.
  bool of_changes() const { return of_changes_; }
  /// The grid for a link's first message, which has none before it.
  Grid of_start() const;
  int bits() const { return bits_; }

  /// Of this rank's columns, or of those from `first` on.
  int64_t encoded_bytes(int64_t rows, int64_t cols) const { return encoded_bytes(first_, rows, cols); }
  int64_t encoded_bytes(int64_t first, int64_t rows, int64_t cols) const;
  /// out has encoded_bytes(x.rows, x.cols). Collective over the shards.
  void encode(ConstMatrixView x, std::span<std::byte> out);
  void decode(std::span<const std::byte> bytes, MatrixView x);

  /// The nearest level, for fixed grids; ties go up.
  float nearest(float x) const { return levels_[code_of(x)]; }

 private:
  enum class Kind { fp32, bf16, affine, levels };

  uint32_t code_of(float x) const;
  void agree_on_cut_blocks(ConstMatrixView x);
  const float* agreed_extremes(int64_t block, int64_t cols) const;
  void encode_block(const float* x, int64_t rows, int64_t cols, const float* agreed, std::byte* out);
  void decode_block(const std::byte* bytes, int64_t rows, int64_t cols, float* x);

  Kind kind_ = Kind::fp32;
  int bits_ = 32;
  bool of_changes_ = false;
  std::vector<float> levels_;
  bool even_ = false;  ///< levels_ are evenly spaced
  std::vector<uint16_t> codes_;
  std::vector<float> extremes_;

  ColumnShards* shards_ = nullptr;
  int64_t first_ = 0;                ///< the number of the first column here
  std::vector<int64_t> cut_blocks_;  ///< numbers of those that are on several ranks, ascending
  std::vector<float> agreed_;        ///< of each of them: minus the least values, the greatest values
};

}  // namespace tersegraph
