#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "admm/config.h"
#include "base/matrix.h"

namespace tersegraph {

/// How a matrix (training columns, neurons) of p or q is rounded and packed. Both ends of a link hold what decode()
/// makes of the packed bytes, so that they agree to the bit.
///
/// A block of kGridColumns training columns is packed on its own: for the affine grid first the least value and the
/// step of every neuron (fp32 each), then the codes. Codes of b bits are planes of 8, 4, 2 or 1 bits (3 = 2 + 1, 10 = 8
/// + 2), the lowest bits first. A plane of p bits over m training columns has ceil(m p / 8) byte rows of one byte a
/// neuron; byte row k holds columns k, rows + k, 2 rows + k, ... from its low bits upwards, so that packing runs along
/// the memory.
///
/// The affine grid's levels reach from extreme to extreme. Those of a change are the middles of 2^bits equal cells
/// instead: a smaller greatest error, so that repeated messages of a value that rests come to it at any bit-width.
class Grid {
 public:
  static constexpr int64_t kGridColumns = 1024;

  /// fp32 as it is.
  Grid() = default;
  /// What `config` says of p (q, where `of_q`).
  Grid(const AdmmConfig& config, bool of_q);

  bool exact() const { return kind_ == Kind::fp32; }
  /// Levels that do not depend on the data: what the theory of the quantized method needs.
  bool fixed() const { return kind_ == Kind::levels; }
  /// What is encoded is not the matrix but its change since the message before.
  bool of_changes() const { return of_changes_; }
  /// The grid for a link's first message, which has none before it.
  Grid of_start() const;
  int bits() const { return bits_; }

  int64_t encoded_bytes(int64_t rows, int64_t cols) const;
  /// out has encoded_bytes(x.rows, x.cols).
  void encode(ConstMatrixView x, std::span<std::byte> out);
  void decode(std::span<const std::byte> bytes, MatrixView x);

  /// The nearest level, for fixed grids; ties go up.
  float nearest(float x) const { return levels_[code_of(x)]; }

 private:
  enum class Kind { fp32, bf16, affine, levels };

  uint32_t code_of(float x) const;
  void encode_block(const float* x, int64_t rows, int64_t cols, std::byte* out);
  void decode_block(const std::byte* bytes, int64_t rows, int64_t cols, float* x);

  Kind kind_ = Kind::fp32;
  int bits_ = 32;
  bool of_changes_ = false;
  std::vector<float> levels_;
  bool even_ = false;  ///< levels_ are evenly spaced
  std::vector<uint16_t> codes_;
  std::vector<float> extremes_;
};

}  // namespace tersegraph
