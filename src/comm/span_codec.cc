#include "comm/span_codec.h"

#include <algorithm>
#include <cstring>

#include "kernels/row_codec.h"

namespace tersegraph {
namespace {

/// Calls row(k, values of it) for every row.
template <class Row>
void visit_rows(size_t values, Row&& row) {
  for (size_t begin = 0; begin < values; begin += SpanCodec::kRow) {
    row(begin / SpanCodec::kRow, std::min<size_t>(SpanCodec::kRow, values - begin));
  }
}

}  // namespace

size_t SpanCodec::params_bytes(size_t values) const {
  return bits_ > 8 ? 0 : (values + kRow - 1) / kRow * sizeof(RowParams);
}

size_t SpanCodec::bytes(size_t values) const {
  size_t sum = params_bytes(values);
  sum += values / kRow * payload_bytes(bits_, kRow) + payload_bytes(bits_, static_cast<int64_t>(values % kRow));
  return sum;
}

void SpanCodec::encode(std::span<const float> values, int64_t first_id, StreamKey key, std::byte* message) const {
  static constexpr int64_t kIndptr[] = {0, 1};
  static constexpr int32_t kIndex = 0;
  const CsrView itself{.rows = 1, .cols = 1, .indptr = kIndptr, .indices = &kIndex};
  const auto bits = static_cast<uint8_t>(bits_);
  const int64_t offset = 0;
  std::byte* payload = message + params_bytes(values.size());
  visit_rows(values.size(), [&](size_t k, size_t count) {
    const auto cols = static_cast<int64_t>(count);
    const int64_t id = first_id + static_cast<int64_t>(k) * kRow;
    RowParams params;
    encode_block(itself, {values.data() + k * kRow, 1, cols}, &id, key, {&bits, &offset, payload, &params});
    if (bits_ <= 8) std::memcpy(message + k * sizeof params, &params, sizeof params);
    payload += payload_bytes(bits_, cols);
  });
}

void SpanCodec::decode(const std::byte* message, std::span<float> values) const {
  const std::byte* payload = message + params_bytes(values.size());
  visit_rows(values.size(), [&](size_t k, size_t count) {
    const auto cols = static_cast<int64_t>(count);
    RowParams params;
    if (bits_ <= 8) std::memcpy(&params, message + k * sizeof params, sizeof params);
    decode_row({payload, params, bits_}, cols, values.data() + k * kRow);
    payload += payload_bytes(bits_, cols);
  });
}

}  // namespace tersegraph
