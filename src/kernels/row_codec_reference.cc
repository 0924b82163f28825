#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/row_codec.h"
#include "kernels/row_params.h"

namespace tersegraph {
namespace {

/// Stochastic rounding; infinities stay, NaN stays NaN.
uint16_t bf16_bits(float x, uint32_t random) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  if (std::isinf(x)) return static_cast<uint16_t>(bits >> 16);
  return static_cast<uint16_t>((bits + random) >> 16);
}

/// q = floor((x - min) / scale + u) with u = (random + 1/2) / 65536, written so that nothing is rounded but the
/// quotient, to the nearest unit.
uint32_t code_of(float x, RowParams params, uint32_t top, uint32_t random) {
  const float units_per_value = kUnitsPerStep / params.scale;
  const auto units = static_cast<uint32_t>(std::lrint((x - params.min) * units_per_value));
  return std::min((units + random) >> 16, top);
}

/// Calls visit(byte, bit in it, shift, mask) for every plane's part of column c.
template <class Visit>
void for_each_part(int bits, int64_t cols, int64_t c, Visit visit) {
  int64_t start = 0;
  int shift = 0;
  for (int width = 8; width >= 1; width /= 2) {
    if (!(bits & width)) continue;
    const int64_t bytes = (cols * width + 7) / 8;
    visit(start + c % bytes, static_cast<int>(c / bytes) * width, shift, (1u << width) - 1);
    start += bytes;
    shift += width;
  }
}

}  // namespace

void encode_row_reference(const float* x, int64_t cols, int bits, uint64_t row_key, std::byte* payload,
                          RowParams* params) {
  if (bits == 0) {
    *params = {};
    return;
  }
  if (bits == 32) {
    std::memcpy(payload, x, static_cast<size_t>(cols) * 4);
    return;
  }
  if (bits == 16) {
    for (int64_t c = 0; c < cols; ++c) {
      const uint16_t value = bf16_bits(x[c], random16(row_key, c));
      std::memcpy(payload + 2 * c, &value, 2);
    }
    return;
  }
  const bool finite = std::all_of(x, x + cols, [](float value) { return std::isfinite(value); });
  const auto [lowest, highest] = std::minmax_element(x, x + cols);
  *params = cols == 0 ? RowParams{} : row_params(*lowest, *highest, finite, bits);
  std::fill_n(payload, payload_bytes(bits, cols), std::byte{0});
  if (params->scale == 0.0f) return;
  for (int64_t c = 0; c < cols; ++c) {
    const uint32_t code = code_of(x[c], *params, (1u << bits) - 1, random16(row_key, c));
    for_each_part(bits, cols, c, [&](int64_t byte, int bit, int shift, uint32_t mask) {
      payload[byte] |= static_cast<std::byte>((code >> shift & mask) << bit);
    });
  }
}

void decode_row_reference(const EncodedRow& row, int64_t cols, float* out) {
  for (int64_t c = 0; c < cols; ++c) {
    if (row.bits == 0) {
      out[c] = 0.0f;
    } else if (row.bits == 32) {
      std::memcpy(&out[c], row.payload + 4 * c, 4);
    } else if (row.bits == 16) {
      uint16_t value;
      std::memcpy(&value, row.payload + 2 * c, 2);
      out[c] = std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
    } else {
      uint32_t code = 0;
      for_each_part(row.bits, cols, c, [&](int64_t byte, int bit, int shift, uint32_t mask) {
        code |= (static_cast<uint32_t>(row.payload[byte]) >> bit & mask) << shift;
      });
      out[c] = row.params.min + row.params.scale * static_cast<float>(code);
    }
  }
}

}  // namespace tersegraph
