// Messages of more than 2^31 bytes to one peer: 7 GB of memory, so that these run by command alone
// (ctest -C long -R long_messages). Under mpirun they go in pieces of 1 GiB.
#include <gtest/gtest.h>

#include <cstring>

#include "comm/collectives.h"
#include "comm/ranks.h"
#include "exchange/halo_exchange.h"

namespace tersegraph::testing {
namespace {

constexpr int64_t kBytes = (int64_t{1} << 31) + 4099;

uint64_t word_at(int64_t place) {
  return static_cast<uint64_t>(place) * 0x9E3779B97F4A7C15ull;
}

void fill(std::span<std::byte> bytes) {
  for (size_t at = 0; at < bytes.size(); at += 8) {
    const uint64_t word = word_at(static_cast<int64_t>(at));
    std::memcpy(bytes.data() + at, &word, std::min<size_t>(8, bytes.size() - at));
  }
}

/// Where bytes first differ from what fill() makes; their size: nowhere.
size_t first_difference(std::span<const std::byte> bytes) {
  for (size_t at = 0; at < bytes.size(); at += 8) {
    const uint64_t word = word_at(static_cast<int64_t>(at));
    if (std::memcmp(bytes.data() + at, &word, std::min<size_t>(8, bytes.size() - at)) != 0) return at;
  }
  return bytes.size();
}

TEST(LongMessages, ArriveWhole) {
  run_ranks(2, [](Communicator& communicator) {
    Channel channel(communicator);
    std::vector<std::byte> bytes(kBytes);
    if (channel.rank() == 0) fill(bytes);
    const auto request = channel.rank() == 0 ? channel.send(Traffic::placement, 1, kFirstFreeTag, bytes)
                                             : channel.receive(0, kFirstFreeTag, bytes);
    EXPECT_EQ(channel.wait(Traffic::placement, request), bytes.size());
    EXPECT_EQ(first_difference(bytes), bytes.size());
    EXPECT_EQ(channel.ledger().bytes(Traffic::placement), channel.rank() == 0 ? kBytes + kSealBytes : 0);
  });
}

TEST(LongMessages, OfUnequalLengthsArriveWhole) {
  run_ranks(2, [](Communicator& communicator) {
    Channel channel(communicator);
    std::vector<std::vector<std::byte>> outgoing(2);
    if (channel.rank() == 0) fill(outgoing[1] = std::vector<std::byte>(kBytes));
    const auto incoming = all_to_all(channel, Traffic::placement, outgoing);
    EXPECT_EQ(std::ssize(incoming[0]), channel.rank() == 1 ? kBytes : 0);
    EXPECT_EQ(first_difference(incoming[0]), incoming[0].size());
    EXPECT_TRUE(incoming[1].empty());
  });
}

/// Rank 1 sums the rows of rank 0, all whole numbers.
TEST(LongMessages, OfHaloRowsAreDecodedWhole) {
  constexpr int64_t kRows = 4300, kCols = 125000;
  static_assert(kRows * kCols * 4 > kBytes);
  const auto number = [](int64_t i, int64_t c) { return static_cast<float>((i * 31 + c) % 7); };
  run_ranks(2, [&](Communicator& communicator) {
    Channel channel(communicator);
    const bool sends = channel.rank() == 0;
    ExchangePlan plan;
    plan.send_offsets = {0, 0, sends ? kRows : 0};
    plan.receive_offsets = {0, sends ? 0 : kRows, sends ? 0 : kRows};
    plan.gather.cols = sends ? kRows : 0;
    plan.scatter.cols = sends ? 0 : kRows;
    for (int64_t i = 0; i < kRows; ++i) {
      (sends ? plan.send_ids : plan.receive_ids).push_back(i);
      (sends ? plan.gather : plan.scatter).indices.push_back(static_cast<int32_t>(i));
      if (sends) plan.gather.indptr.push_back(i + 1);
    }
    if (!sends) plan.scatter.indptr.push_back(kRows);
    Matrix x(sends ? kRows : 0, kCols), y(sends ? 0 : 1, kCols);
    for (int64_t i = 0; i < x.rows(); ++i) {
      for (int64_t c = 0; c < kCols; ++c) x(i, c) = number(i, c);
    }
    y.fill(0.0f);
    HaloExchange exchange(channel);
    PhaseSeconds seconds;
    exchange.start(plan, x, {.kind = Traffic::halo_forward, .bits = 32, .key = StreamKey(1, Purpose::rounding, {}, 0)});
    exchange.finish(y, seconds);
    for (int64_t c = 0; c < (sends ? 0 : kCols); c += 997) {
      double sum = 0;
      for (int64_t i = 0; i < kRows; ++i) sum += number(i, c);
      ASSERT_EQ(y(0, c), sum) << c;
    }
  });
}

}  // namespace
}  // namespace tersegraph::testing
