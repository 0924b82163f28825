#include "exchange/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <vector>

#include "base/checksum.h"
#include "base/error.h"
#include "comm/message_checksum.h"

namespace tersegraph {
namespace {

constexpr uint32_t kSequence = 41;
constexpr int kPeer = 3;

struct Sealed {
  MessageLayout layout;
  std::vector<std::byte> bytes;
};

/// Minima that bf16 holds and minima that it does not; a constant row; a negative zero.
const std::vector<RowParams> kParams{
    {1.5f, 0.25f}, {1000.123f, 0x1p-10f}, {-0.0f, 0.0f}, {-3.0e-8f, 1e-30f}, {-77.0f, 2.0f}};
constexpr int64_t kWideRows = 2;

Sealed seal(const MessageLayout& layout);

/// A message with bytes of its own in every place of the payload.
Sealed seal(int bits) {
  return seal(MessageLayout(std::ssize(kParams), 16, bits));
}

Sealed seal(const MessageLayout& layout) {
  Sealed sealed{layout, {}};
  sealed.bytes.resize(static_cast<size_t>(sealed.layout.capacity()));
  for (int64_t k = sealed.layout.payload_offset(); k < sealed.layout.extension_offset(); ++k) {
    sealed.bytes[static_cast<size_t>(k)] = static_cast<std::byte>(k * 37 % 251);
  }
  std::vector<RowParams> params = kParams;
  params[3].scale = std::bit_cast<float>(std::bit_cast<uint32_t>(params[3].scale) & 0xFFFF0000u);
  sealed.bytes.resize(static_cast<size_t>(seal_message(sealed.layout, kSequence, params.data(), sealed.bytes.data())));
  return sealed;
}

std::vector<EncodedRow> open(const Sealed& sealed, uint32_t sequence = kSequence) {
  std::vector<EncodedRow> rows(static_cast<size_t>(sealed.layout.rows()));
  open_message(sealed.layout, sequence, kPeer, sealed.bytes, rows.data());
  return rows;
}

void expect_rejected(const Sealed& sealed, uint32_t sequence = kSequence) {
  try {
    open(sealed, sequence);
    FAIL() << "was taken for a good message";
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("rank 3"));
  }
}

class MessageOfBits : public ::testing::TestWithParam<int> {};

TEST_P(MessageOfBits, LengthIsHeaderParametersPayloadAndExtension) {
  const int bits = GetParam();
  const Sealed sealed = seal(bits);
  const int64_t rows = std::ssize(kParams), payload = rows * 16 * bits / 8;
  const int64_t params = bits <= 8 ? 4 * rows + 2 * kWideRows : 0;
  EXPECT_EQ(std::ssize(sealed.bytes), 16 + params + payload);
}

TEST_P(MessageOfBits, OpensToWhatWasSealed) {
  const Sealed sealed = seal(GetParam());
  const std::vector<EncodedRow> rows = open(sealed);
  for (int64_t k = 0; k < sealed.layout.rows(); ++k) {
    const EncodedRow& row = rows[static_cast<size_t>(k)];
    EXPECT_EQ(row.payload, sealed.bytes.data() + sealed.layout.payload_offset() + k * payload_bytes(GetParam(), 16));
    EXPECT_EQ(row.bits, GetParam());
    if (GetParam() > 8) continue;
    const RowParams expected = kParams[static_cast<size_t>(k)];
    EXPECT_EQ(std::bit_cast<uint32_t>(row.params.min), std::bit_cast<uint32_t>(expected.min));
    EXPECT_EQ(std::bit_cast<uint32_t>(row.params.scale) >> 16, std::bit_cast<uint32_t>(expected.scale) >> 16);
  }
}

TEST_P(MessageOfBits, EveryTruncationIsRejected) {
  Sealed sealed = seal(GetParam());
  while (!sealed.bytes.empty()) {
    sealed.bytes.pop_back();
    expect_rejected(sealed);
  }
}

TEST_P(MessageOfBits, TrailingBytesAreRejected) {
  Sealed sealed = seal(GetParam());
  for (int extra = 0; extra < 3; ++extra) {
    sealed.bytes.push_back(std::byte{0});
    expect_rejected(sealed);
  }
}

TEST_P(MessageOfBits, AnotherHeaderThanExpectedIsRejected) {
  const Sealed good = seal(GetParam());
  for (size_t field = 0; field < sizeof(MessageHeader); field += 4) {
    Sealed bad = good;
    bad.bytes[field] ^= std::byte{1};
    expect_rejected(bad);
  }
  expect_rejected(good, kSequence + 1);
}

TEST_P(MessageOfBits, EveryFlippedByteIsRejected) {
  const Sealed good = seal(GetParam());
  for (size_t k = 0; k < good.bytes.size(); ++k) {
    for (const int flip : {1, 0x80, 0xFF}) {
      Sealed bad = good;
      bad.bytes[k] ^= static_cast<std::byte>(flip);
      expect_rejected(bad);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, MessageOfBits, ::testing::Values(1, 2, 3, 4, 5, 6, 7, 8, 16, 32));

/// A sender that counts wrongly: its checksum is right.
void put_checksum(Sealed& sealed) {
  MessageHeader header;
  std::memcpy(&header, sealed.bytes.data(), sizeof header);
  header.checksum = 0;
  header.checksum =
      checksum(std::as_bytes(std::span(&header, 1))) + message_checksum(std::span(sealed.bytes).subspan(sizeof header));
  std::memcpy(sealed.bytes.data(), &header, sizeof header);
}

TEST(Message, ExtensionThatIsNotWhatTheRowsNeedIsRejected) {
  Sealed sealed = seal(4);
  put_checksum(sealed);
  EXPECT_NO_THROW(open(sealed));
  for (const int bits : {4, 32}) {
    for (const int bytes : {-2, -1, 1, 2, 4 * 5}) {
      Sealed other = seal(bits);
      other.bytes.resize(other.bytes.size() + bytes);
      put_checksum(other);
      expect_rejected(other);
    }
  }
}

TEST(Message, NoRowsIsOnlyAHeader) {
  const MessageLayout layout(0, 16, 8);
  std::vector<std::byte> bytes(static_cast<size_t>(layout.capacity()));
  EXPECT_EQ(seal_message(layout, 1, nullptr, bytes.data()), 16);
  EXPECT_NO_THROW(open_message(layout, 1, kPeer, bytes, nullptr));
}

TEST(Message, EveryRowMayHaveAWidthOfItsOwn) {
  const std::vector<uint8_t> widths{8, 0, 3, 2, 32}, others{8, 0, 2, 3, 32};
  const Sealed sealed = seal(MessageLayout(widths, 16));
  // Row 1, which is not sent, has one of the two wide minima.
  EXPECT_EQ(std::ssize(sealed.bytes), 16 + 4 * 3 + 16 + 0 + 6 + 4 + 64 + 2);
  EXPECT_EQ(sealed.layout.value_bits(), 16 * (8 + 0 + 3 + 2 + 32));
  const std::vector<EncodedRow> rows = open(sealed);
  const std::byte* payload = sealed.bytes.data() + sealed.layout.payload_offset();
  for (const size_t k : {0, 1, 2, 3, 4}) {
    EXPECT_EQ(rows[k].bits, widths[k]);
    EXPECT_EQ(rows[k].payload, payload);
    payload += payload_bytes(widths[k], 16);
    if (has_params(widths[k])) {
      EXPECT_EQ(rows[k].params.min, kParams[k].min) << k;
    }
  }

  // As long, but of other widths: what a rank would send that has not taken over the last ones.
  Sealed stale = sealed;
  stale.layout = MessageLayout(others, 16);
  expect_rejected(stale);
  for (size_t k = 0; k < sealed.bytes.size(); ++k) {
    Sealed bad = sealed;
    bad.bytes[k] ^= std::byte{4};
    expect_rejected(bad);
  }
}

TEST(Message, TheLastRowMayHaveFewerColumns) {
  const std::vector<uint8_t> widths{4, 4, 4, 4, 3};
  for (const MessageLayout& layout : {MessageLayout(5, 16, 3, 5), MessageLayout(widths, 16, 5)}) {
    const int first = layout.bits_of(0);
    const Sealed sealed = seal(layout);
    EXPECT_EQ(layout.values(), 4 * 16 + 5);
    EXPECT_EQ(layout.value_bits(), 4 * 16 * first + 5 * 3);
    EXPECT_EQ(std::ssize(sealed.bytes), 16 + 4 * 5 + 4 * 2 * first + (2 + 1) + 2 * kWideRows);
    const std::vector<EncodedRow> rows = open(sealed);
    EXPECT_EQ(rows[4].payload, rows[3].payload + 2 * first);
    EXPECT_EQ(rows[4].params.min, kParams[4].min);
  }
  // As long, but of another number of columns.
  Sealed other = seal(MessageLayout(5, 16, 3, 5));
  other.layout = MessageLayout(5, 16, 3, 6);
  ASSERT_EQ(other.layout.extension_offset(), seal(MessageLayout(5, 16, 3, 5)).layout.extension_offset());
  expect_rejected(other);
}

TEST(Message, DamageShowsInLongMessagesToo) {
  const MessageLayout layout(900, 256, 8);
  const std::vector<RowParams> params(900);
  Sealed sealed{layout, std::vector<std::byte>(static_cast<size_t>(layout.capacity()))};
  const auto seal_again = [&] {
    sealed.bytes.resize(static_cast<size_t>(seal_message(layout, kSequence, params.data(), sealed.bytes.data())));
  };
  seal_again();
  EXPECT_NO_THROW(open(sealed));
  for (size_t k = 0; k < sealed.bytes.size(); k += 4099) {
    Sealed bad = sealed;
    bad.bytes[k] ^= std::byte{0x80};
    expect_rejected(bad);
  }
  // Pieces that change places, near and far.
  const auto first = sealed.bytes.begin() + layout.payload_offset() + 100;
  std::fill_n(first, 64, std::byte{7});
  seal_again();
  for (const int64_t distance : {64, 65536}) {
    std::swap_ranges(first, first + 64, first + distance);
    expect_rejected(sealed);
    std::swap_ranges(first, first + 64, first + distance);
  }
}

/// Diverging numbers travel too, so that the receiver notices.
TEST(Message, NotANumberStaysOne) {
  const MessageLayout layout(1, 1, 8);
  const RowParams params{std::bit_cast<float>(0xFFFFFFFFu), std::bit_cast<float>(0xFFFF0000u)};
  std::vector<std::byte> bytes(static_cast<size_t>(layout.capacity()));
  bytes.resize(static_cast<size_t>(seal_message(layout, 1, &params, bytes.data())));
  EncodedRow row;
  open_message(layout, 1, kPeer, bytes, &row);
  EXPECT_NE(row.params.min, row.params.min);
  EXPECT_NE(row.params.scale, row.params.scale);
}

}  // namespace
}  // namespace tersegraph
