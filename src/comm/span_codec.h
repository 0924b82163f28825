#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/rng.h"

namespace tersegraph {

/// Values without rows (sums of gradients), encoded as rows of kRow of them by the codec of the messages: at 1 to 8
/// bits a minimum and a scale (8 bytes) for each such row, then the rows. The last one is as short as what is left.
class SpanCodec {
 public:
  static constexpr int64_t kRow = 256;

  /// `bits`: as valid_bits() says.
  explicit SpanCodec(int bits) : bits_(bits) {}

  bool exact() const { return bits_ == 32; }
  /// Bytes of so many values.
  size_t bytes(size_t values) const;
  /// Row k draws its random numbers from key.row(first_id + kRow k).
  void encode(std::span<const float> values, int64_t first_id, StreamKey key, std::byte* message) const;
  void decode(const std::byte* message, std::span<float> values) const;

 private:
  size_t params_bytes(size_t values) const;

  int bits_;
};

}  // namespace tersegraph
