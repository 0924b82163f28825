// Messages of rows: sealed ones that were changed, and ones with a right checksum whose parts contradict each other.
#include "exchange/message.h"

#include <algorithm>
#include <vector>

#include "base/checksum.h"
#include "comm/message_checksum.h"
#include "fuzz.h"

using namespace tersegraph;

namespace {

constexpr int kWidths[] = {1, 2, 3, 4, 5, 6, 7, 8, 16, 32};

void put_checksum(std::vector<std::byte>& message) {
  MessageHeader header;
  std::memcpy(&header, message.data(), sizeof header);
  header.checksum = 0;
  header.checksum =
      checksum(std::as_bytes(std::span(&header, 1))) + message_checksum(std::span(message).subspan(sizeof header));
  std::memcpy(message.data(), &header, sizeof header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const bool mixed = input.below(2) == 1, right_checksum = input.below(2) == 1;
  const int64_t count = 1 + input.below(6), cols = 1 + input.below(40);
  std::vector<uint8_t> widths(count);
  for (uint8_t& width : widths) {
    const int which = input.below(11);
    width = which == 10 ? 0 : static_cast<uint8_t>(kWidths[which]);
  }
  const int bits = kWidths[input.below(10)];
  const int64_t last_cols = 1 + input.below(static_cast<int>(cols));
  const MessageLayout layout =
      mixed ? MessageLayout(widths, cols, last_cols) : MessageLayout(count, cols, bits, last_cols);

  std::vector<RowParams> params(count);
  for (RowParams& p : params) p = {input.number<float>(), std::bit_cast<float>(input.number<uint32_t>() & 0x7FFF0000)};
  std::vector<std::byte> message(layout.capacity());
  const auto payload = input.take(layout.extension_offset() - layout.payload_offset());
  std::copy(payload.begin(), payload.end(), message.begin() + layout.payload_offset());
  message.resize(seal_message(layout, 5, params.data(), message.data()));
  const std::vector<std::byte> sealed = message;

  for (int changes = input.below(4); changes > 0; --changes) {
    message[input.number<uint16_t>() % message.size()] ^= input.number<std::byte>();
  }
  message.resize(std::max<int64_t>(0, std::ssize(message) + static_cast<int8_t>(input.number<uint8_t>()) / 16));
  if (right_checksum && message.size() >= sizeof(MessageHeader)) put_checksum(message);
  bool taken = false;
  fuzz::expect_read_or_refused([&] {
    std::vector<EncodedRow> rows(count);
    open_message(layout, 5, 1, message, rows.data());
    taken = true;
    std::vector<float> values(cols);
    for (const EncodedRow& row : rows) {
      if (row.bits > 0) decode_row(row, &row == &rows.back() ? last_cols : cols, values.data());
    }
  });
  if (!right_checksum && taken != (message == sealed)) std::abort();
  return 0;
}
