#include "exchange/message.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/checksum.h"
#include "base/error.h"
#include "comm/message_checksum.h"

namespace tersegraph {
namespace {

constexpr uint32_t kWide = 0x8000;

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

/// Of the whole message; the header's own field counts as zero.
uint64_t sum_of(MessageHeader header, std::span<const std::byte> message) {
  header.checksum = 0;
  return checksum(std::as_bytes(std::span(&header, 1))) + message_checksum(message.subspan(sizeof header));
}

std::string words_of(const MessageLayout& layout) {
  return fmt::format("{} rows of {} at {}", layout.rows(), layout.cols(),
                     layout.bits() == 0 ? "the widths last agreed on" : fmt::format("{} bits", layout.bits()));
}

void check_message(const MessageLayout& layout, uint32_t sequence, int peer, std::span<const std::byte> message) {
  const auto length = static_cast<int64_t>(message.size());
  if (length < layout.extension_offset()) {
    fail_run("rank {} sent {} bytes where at least {} were expected: a truncated message", peer, length,
             layout.extension_offset());
  }
  const auto header = load<MessageHeader>(message.data());
  if (header.sequence != sequence) {
    fail_run("rank {} sent message {} where message {} ({}) was expected", peer, header.sequence, sequence,
             words_of(layout));
  }
  if (header.layout != layout.hash()) {
    fail_run("rank {} sent message {} of another layout than was expected ({})", peer, sequence, words_of(layout));
  }
  if (length > layout.capacity() || (length - layout.extension_offset()) % 2 != 0) {
    fail_run("rank {} sent a message of the wrong length, {} bytes", peer, length);
  }
  if (header.checksum != sum_of(header, message)) {
    fail_run("rank {} sent message {}, which was damaged on its way: its checksum does not fit; check the network",
             peer, sequence);
  }
}

}  // namespace

MessageLayout::MessageLayout(int64_t rows, int64_t cols, int bits, int64_t last_cols)
    : rows_(rows),
      cols_(cols),
      bits_(bits),
      param_rows_(has_params(bits) ? rows : 0),
      payload_(rows * payload_bytes(bits, cols)),
      values_(rows * cols),
      value_bits_(rows * cols * bits) {
  shorten_last_row(last_cols);
}

MessageLayout::MessageLayout(std::span<const uint8_t> widths, int64_t cols, int64_t last_cols)
    : rows_(std::ssize(widths)),
      cols_(cols),
      bits_(0),
      widths_(widths.data()),
      values_(std::ssize(widths) * cols),
      widths_hash_(checksum(std::as_bytes(widths))) {
  std::array<int64_t, 33> counts{};
  for (const uint8_t width : widths) ++counts[width];
  for (int bits = 0; bits <= 32; ++bits) {
    if (has_params(bits)) param_rows_ += counts[bits];
    payload_ += counts[bits] * payload_bytes(bits, cols);
    value_bits_ += counts[bits] * bits * cols;
  }
  shorten_last_row(last_cols);
}

void MessageLayout::shorten_last_row(int64_t last_cols) {
  if (rows_ == 0) return;
  const int bits = bits_of(rows_ - 1);
  payload_ -= payload_bytes(bits, cols_) - payload_bytes(bits, last_cols);
  values_ -= cols_ - last_cols;
  value_bits_ -= (cols_ - last_cols) * bits;
}

uint32_t MessageLayout::hash() const {
  constexpr uint64_t kFormat = 3;
  uint64_t sum = mix64(kFormat);
  for (const int64_t part : {rows_, cols_, int64_t{bits_}, values_}) sum = mix64(sum ^ static_cast<uint64_t>(part));
  return static_cast<uint32_t>(mix64(sum ^ widths_hash_) >> 32);
}

int64_t seal_message(const MessageLayout& layout, uint32_t sequence, const RowParams* params, std::byte* message) {
  MessageHeader header{.sequence = sequence, .layout = layout.hash()};
  std::byte* extension = message + layout.extension_offset();
  if (layout.payload_offset() > layout.params_offset()) {
    std::byte* packed = message + layout.params_offset();
    for (int64_t k = 0; k < layout.rows(); ++k) {
      if (!has_params(layout.bits_of(k))) continue;
      const uint32_t min = std::bit_cast<uint32_t>(params[k].min);
      uint32_t scale = std::bit_cast<uint32_t>(params[k].scale) >> 16 & ~kWide;
      if ((min & 0xFFFF) != 0) {
        scale |= kWide;
        store(extension, static_cast<uint16_t>(min & 0xFFFF));
        extension += 2;
      }
      store(packed, static_cast<uint16_t>(min >> 16));
      store(packed + 2, static_cast<uint16_t>(scale));
      packed += 4;
    }
  }
  const int64_t length = extension - message;
  header.checksum = sum_of(header, {message, static_cast<size_t>(length)});
  store(message, header);
  return length;
}

void open_message(const MessageLayout& layout, uint32_t sequence, int peer, std::span<const std::byte> message,
                  EncodedRow* rows) {
  check_message(layout, sequence, peer, message);
  const std::byte* packed = message.data() + layout.params_offset();
  const std::byte* payload = message.data() + layout.payload_offset();
  const std::byte* extension = message.data() + layout.extension_offset();
  const std::byte* const end = message.data() + message.size();
  for (int64_t k = 0; k < layout.rows(); ++k) {
    const int bits = layout.bits_of(k);
    rows[k] = {payload, {}, bits};
    payload += payload_bytes(bits, layout.cols());
    if (!has_params(bits)) continue;
    uint32_t min = uint32_t{load<uint16_t>(packed)} << 16;
    const uint32_t scale = load<uint16_t>(packed + 2);
    packed += 4;
    if ((scale & kWide) != 0) {
      if (extension == end) fail_run("rank {} sent a message whose rows need more than its extension holds", peer);
      min |= load<uint16_t>(extension);
      extension += 2;
    }
    rows[k].params = {std::bit_cast<float>(min), std::bit_cast<float>((scale & ~kWide) << 16)};
  }
  if (extension != end) fail_run("rank {} sent a message whose extension holds more than its rows need", peer);
}

}  // namespace tersegraph
