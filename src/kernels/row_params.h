#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/row_codec.h"

namespace tersegraph {

/// Codes are computed in units of 2^-16 of a step, which is what 16 random bits can round.
constexpr float kUnitsPerStep = 65536.0f;

/// Below it, units per value leave the range of fp32.
constexpr float kSmallestScale = 1e-33f;

/// The largest bf16 number <= x, for finite x.
inline float bf16_down(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const bool away_from_zero = std::signbit(x) && (bits & 0xFFFF) != 0;
  return std::bit_cast<float>((bits & 0xFFFF0000u) + (away_from_zero ? 0x10000u : 0u));
}

inline float bf16_up(float x) {
  return -bf16_down(-x);
}

/// Parameters of an integer row from its extremes. `finite`: no NaN and no infinity in it.
inline RowParams row_params(float lowest, float highest, bool finite, int bits) {
  const RowParams undefined{std::numeric_limits<float>::quiet_NaN(), 0.0f};
  if (!finite) return undefined;
  lowest += 0.0f;  // -0 becomes 0: which of the two a minimum finds depends on the order
  const float range = highest - lowest, top = static_cast<float>((1 << bits) - 1);
  if (range / top < kSmallestScale) return {lowest, 0.0f};

  const float rounded = bf16_down(lowest);
  RowParams params;
  params.min = lowest - rounded <= range / 64 ? rounded : lowest;
  params.scale = bf16_up((highest - params.min) / top);
  // The quotient may have been rounded down onto a bf16 number. (scale * top is exact.)
  if (params.min + params.scale * top < highest) params.scale = bf16_up(std::nextafter(params.scale, HUGE_VALF));
  return std::isfinite(params.min + params.scale * top) ? params : undefined;
}

}  // namespace tersegraph
