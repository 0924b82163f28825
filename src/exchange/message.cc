#include "exchange/message.h"

#include <bit>
#include <cstring>

#include "base/error.h"

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

}  // namespace

int64_t seal_message(const MessageLayout& layout, uint32_t sequence, const RowParams* params, std::byte* message) {
  MessageHeader header{.rows = static_cast<uint32_t>(layout.rows),
                       .cols = static_cast<uint32_t>(layout.cols),
                       .bits = static_cast<uint32_t>(layout.bits),
                       .sequence = sequence};
  std::byte* extension = message + layout.extension_offset();
  if (layout.has_params()) {
    std::byte* packed = message + layout.params_offset();
    for (int64_t k = 0; k < layout.rows; ++k, packed += 4) {
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
    }
  }
  store(message, header);
  return extension - message;
}

void open_message(const MessageLayout& layout, uint32_t sequence, int peer, std::span<const std::byte> message,
                  EncodedRow* rows) {
  const auto length = static_cast<int64_t>(message.size());
  if (length < layout.extension_offset()) {
    fail_run("rank {} sent {} bytes where at least {} were expected: a truncated message", peer, length,
             layout.extension_offset());
  }
  const auto header = load<MessageHeader>(message.data());
  if (header.magic != MessageHeader::kMagic || header.rows != layout.rows || header.cols != layout.cols ||
      header.bits != static_cast<uint32_t>(layout.bits) || header.sequence != sequence) {
    fail_run(
        "rank {} sent message {} ({} rows of {} at {} bits) where message {} ({} rows of {} at {} bits) was expected",
        peer, header.sequence, header.rows, header.cols, header.bits, sequence, layout.rows, layout.cols, layout.bits);
  }
  if (length != layout.extension_offset() + 2 * int64_t{header.wide_rows}) {
    fail_run("rank {} sent a message of the wrong length, {} bytes", peer, length);
  }
  const std::byte* packed = message.data() + layout.params_offset();
  const std::byte* payload = message.data() + layout.payload_offset();
  const std::byte* extension = message.data() + layout.extension_offset();
  const std::byte* const end = message.data() + length;
  for (int64_t k = 0; k < layout.rows; ++k, payload += layout.row_bytes()) {
    rows[k] = {payload, {}, layout.bits};
    if (!layout.has_params()) continue;
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
