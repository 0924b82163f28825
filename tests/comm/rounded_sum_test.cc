#include "comm/rounded_sum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "comm/collectives.h"
#include "comm/ranks.h"

namespace tersegraph::testing {
namespace {

constexpr size_t kValues = 11003;

/// Numbers of very different sizes and both signs, so that another order of summation gives other bits.
std::vector<float> part_of(int rank, int64_t step) {
  Random random(rank + 100 * step, Purpose::features);
  std::vector<float> values(kValues);
  for (float& value : values)
    value = static_cast<float>(std::ldexp(random.normal(), static_cast<int>(random.below(24))));
  return values;
}

class RoundedSumTest : public ::testing::TestWithParam<int> {
 protected:
  void run(const std::function<void(Channel&)>& body) {
    run_ranks(GetParam(), [&](Communicator& comm) {
      Channel channel(comm);
      body(channel);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Ranks, RoundedSumTest, ::testing::ValuesIn(rank_counts()));

/// The largest absolute value in the codec's row of each value, summed over the ranks.
double largest(int ranks, int64_t step) {
  double sum = 0;
  for (int rank = 0; rank < ranks; ++rank) {
    const std::vector<float> part = part_of(rank, step);
    sum += std::abs(
        *std::max_element(part.begin(), part.end(), [](float a, float b) { return std::abs(a) < std::abs(b); }));
  }
  return sum;
}

TEST_P(RoundedSumTest, FewBitsGiveAllRanksTheSameSumsAndLoseNothingForGood) {
  for (const int bits : {16, 8}) {
    run([bits](Channel& channel) {
      RoundedSum sum(channel, Traffic::all_reduce, bits);
      std::vector<double> given(kValues, 0.0), exact(kValues, 0.0);
      for (int64_t step = 1; step <= 20; ++step) {
        std::vector<float> values = part_of(channel.rank(), step);
        sum(values, 7, step);
        for (const auto& other : all_gather(channel, Traffic::setup, std::as_bytes(std::span(values)))) {
          ASSERT_EQ(0, std::memcmp(other.data(), values.data(), kValues * sizeof(float))) << "step " << step;
        }
        for (int rank = 0; rank < channel.size(); ++rank) {
          const std::vector<float> part = part_of(rank, step);
          for (size_t i = 0; i < kValues; ++i) exact[i] += part[i];
        }
        for (size_t i = 0; i < kValues; ++i) given[i] += values[i];
      }
      if (channel.size() == 1) {
        EXPECT_EQ(given, exact);
        return;
      }
      // What is missing is what the ranks still hold.
      std::vector<double> held(kValues, 0.0);
      for (size_t i = 0; i < sum.lost().size(); ++i) held[i % kValues] += sum.lost()[i];
      all_reduce_sum(channel, Traffic::setup, std::span(held));
      const double scale = largest(channel.size(), 1);
      double held_at_all = 0;
      for (size_t i = 0; i < kValues; ++i) {
        ASSERT_NEAR(given[i] + held[i], exact[i], 2e-5 * scale) << "value " << i;
        held_at_all += std::abs(held[i]);
      }
      EXPECT_GT(held_at_all / kValues, 1e-5 * scale);
    });
  }
}

TEST_P(RoundedSumTest, SendsSoManyBytesFewer) {
  for (const int bits : {16, 8}) {
    run([bits](Channel& channel) {
      RoundedSum sum(channel, Traffic::all_reduce, bits);
      std::vector<float> values = part_of(channel.rank(), 1);
      sum(values, 7, 1);
      const int64_t rounded = channel.ledger().bytes(Traffic::all_reduce);
      all_reduce_sum(channel, Traffic::all_reduce, std::span(values));
      const auto exact = static_cast<double>(channel.ledger().bytes(Traffic::all_reduce) - rounded);
      EXPECT_NEAR(static_cast<double>(rounded), exact * bits / 32, exact * 0.01);
    });
  }
}

TEST_P(RoundedSumTest, GoesOnFromWhatWasLost) {
  run([](Channel& channel) {
    RoundedSum whole(channel, Traffic::all_reduce, 8), first(channel, Traffic::all_reduce, 8);
    std::vector<float> expected, values;
    for (int64_t step = 1; step <= 4; ++step) whole(expected = part_of(channel.rank(), step), 7, step);
    for (int64_t step = 1; step <= 2; ++step) first(values = part_of(channel.rank(), step), 7, step);
    RoundedSum second(channel, Traffic::all_reduce, 8);
    second.restore({first.lost().begin(), first.lost().end()});
    for (int64_t step = 3; step <= 4; ++step) second(values = part_of(channel.rank(), step), 7, step);
    EXPECT_EQ(values, expected);
  });
}

}  // namespace
}  // namespace tersegraph::testing
