#pragma once

#include <bit>
#include <cstdint>

#include "base/matrix.h"

namespace tersegraph {

/// The upper half of an fp32 number: its sign, its exponent, 7 bits of its fraction.
using Bf16 = uint16_t;

/// Row-major bf16 (rows, cols) without gaps, not owned.
struct ConstBf16View {
  const Bf16* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;

  const Bf16* row(int64_t i) const { return data + i * cols; }
};

constexpr float from_bf16(Bf16 x) {
  return std::bit_cast<float>(static_cast<uint32_t>(x) << 16);
}

/// The nearest bf16 number, ties to even. What rounds beyond the largest becomes infinite; NaN stays NaN.
constexpr Bf16 to_bf16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return static_cast<Bf16>(bits >> 16 | 0x40);
  return static_cast<Bf16>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/// to_bf16 of `count` numbers, on the calling thread. out may not overlap x.
void to_bf16(const float* x, Bf16* out, int64_t count);

/// to_bf16 of a whole matrix, on all threads; out (x.rows, x.cols).
void to_bf16(ConstMatrixView x, Bf16* out);

}  // namespace tersegraph
