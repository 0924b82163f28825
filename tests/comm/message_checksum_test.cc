#include "comm/message_checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/targets.h"

namespace tersegraph {
namespace {

constexpr size_t kLane = 64;  // bytes from a word to the next of its lane

std::vector<std::byte> random_bytes(size_t count) {
  std::vector<std::byte> bytes(count);
  Random random(9, Purpose::generator);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.bits());
  return bytes;
}

TEST(MessageChecksum, IsTheSameOnEveryTargetAndAnyNumberOfThreads) {
  const int threads = thread_count();
  for (const size_t count : {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{1000}, size_t{300'001}}) {
    const auto bytes = random_bytes(count);
    std::set<uint64_t> sums;
    for (const int t : {1, 2, 3}) {
      set_thread_count(t);
      for_each_target([&] { sums.insert(message_checksum(bytes)); });
    }
    EXPECT_EQ(sums.size(), 1u) << count;
  }
  set_thread_count(threads);
}

TEST(MessageChecksum, SeesEveryBit) {
  auto bytes = random_bytes(1000);
  const uint64_t sum = message_checksum(bytes);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<std::byte>(1u << (bit % 8));
    bytes[bit / 8] ^= mask;
    EXPECT_NE(message_checksum(bytes), sum) << bit;
    bytes[bit / 8] ^= mask;
  }
}

TEST(MessageChecksum, SeesWhatIsExchangedLostOrCleared) {
  const auto bytes = random_bytes(200'000);
  const uint64_t sum = message_checksum(bytes);
  for (const size_t distance : {size_t{8}, kLane, 2 * kLane, size_t{64 << 10}, size_t{128 << 10}}) {
    auto other = bytes;
    std::swap_ranges(other.begin(), other.begin() + 8, other.begin() + static_cast<std::ptrdiff_t>(distance));
    EXPECT_NE(message_checksum(other), sum) << distance;
    other = bytes;
    std::fill_n(other.begin(), distance, std::byte{0});
    EXPECT_NE(message_checksum(other), sum) << distance;
    EXPECT_NE(message_checksum(std::span(bytes).first(bytes.size() - distance)), sum) << distance;
  }
  EXPECT_NE(message_checksum(std::vector<std::byte>(64)), message_checksum(std::vector<std::byte>(128)));
}

}  // namespace
}  // namespace tersegraph
