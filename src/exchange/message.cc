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

[[noreturn]] void fail_unexpected(const MessageLayout& expected, uint32_t sequence, int peer,
                                  const MessageHeader& header) {
  const auto words = [](auto bits) { return bits == 0 ? std::string("mixed widths") : fmt::format("{} bits", bits); };
  fail_run("rank {} sent message {} ({} rows of {} at {}) where message {} ({} rows of {} at {}) was expected", peer,
           header.sequence, header.rows, header.cols, words(header.bits), sequence, expected.rows(), expected.cols(),
           words(expected.bits()));
}

void check_message(const MessageLayout& layout, uint32_t sequence, int peer, std::span<const std::byte> message) {
  const auto length = static_cast<int64_t>(message.size());
  if (length < layout.extension_offset()) {
    fail_run("rank {} sent {} bytes where at least {} were expected: a truncated message", peer, length,
             layout.extension_offset());
  }
  const auto header = load<MessageHeader>(message.data());
  if (header.magic != MessageHeader::kMagic || header.rows != layout.rows() || header.cols != layout.cols() ||
      header.bits != static_cast<uint32_t>(layout.bits()) || header.sequence != sequence) {
    fail_unexpected(layout, sequence, peer, header);
  }
  if (header.widths != layout.widths_hash()) {
    fail_run("rank {} sent message {} with other bit-widths than those last agreed on: a stale message", peer,
             sequence);
  }
  if (length != layout.extension_offset() + 2 * int64_t{header.wide_rows}) {
    fail_run("rank {} sent a message of the wrong length, {} bytes", peer, length);
  }
  if (header.checksum != sum_of(header, message)) {
    fail_run("rank {} sent message {}, which was damaged on its way: its checksum does not fit; check the network",
             peer, sequence);
  }
}

}  // namespace

MessageLayout::MessageLayout(int64_t rows, int64_t cols, int bits)
    : rows_(rows),
      cols_(cols),
      bits_(bits),
      param_rows_(has_params(bits) ? rows : 0),
      payload_(rows * payload_bytes(bits, cols)),
      bits_sum_(rows * bits) {}

MessageLayout::MessageLayout(std::span<const uint8_t> widths, int64_t cols)
    : rows_(std::ssize(widths)),
      cols_(cols),
      bits_(0),
      widths_(widths.data()),
      widths_hash_(checksum(std::as_bytes(widths))) {
  std::array<int64_t, 33> counts{};
  for (const uint8_t width : widths) ++counts[width];
  for (int bits = 0; bits <= 32; ++bits) {
    if (has_params(bits)) param_rows_ += counts[bits];
    payload_ += counts[bits] * payload_bytes(bits, cols);
    bits_sum_ += counts[bits] * bits;
  }
}

int64_t seal_message(const MessageLayout& layout, uint32_t sequence, const RowParams* params, std::byte* message) {
  MessageHeader header{.sequence = sequence,
                       .rows = static_cast<uint32_t>(layout.rows()),
                       .cols = static_cast<uint32_t>(layout.cols()),
                       .bits = static_cast<uint32_t>(layout.bits()),
                       .widths = layout.widths_hash()};
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
        ++header.wide_rows;
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
