#include "graph/alias_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/rng.h"

namespace tersegraph {
namespace {

std::vector<double> drawn_shares(const std::vector<double>& weights, int draws) {
  std::vector<int32_t> numbers(weights.size());
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int32_t>(i);
  std::vector<AliasSlot> slots(weights.size());
  build_alias_table(weights, numbers, slots);
  Random random(11, Purpose::generator);
  std::vector<double> shares(weights.size(), 0.0);
  for (int k = 0; k < draws; ++k) shares[draw(slots, random.bits())] += 1.0 / draws;
  return shares;
}

TEST(AliasTable, DrawsInProportionToWeights) {
  constexpr int kDraws = 200000;
  for (const std::vector<double>& weights :
       std::vector<std::vector<double>>{{1}, {1, 1, 1}, {0, 1, 0}, {1, 2, 3, 4}, {1000, 1, 1, 1}, {0.5, 0, 7, 1e-3}}) {
    double total = 0;
    for (const double weight : weights) total += weight;
    const std::vector<double> shares = drawn_shares(weights, kDraws);
    for (size_t i = 0; i < weights.size(); ++i) {
      const double p = weights[i] / total;
      EXPECT_NEAR(shares[i], p, 5 * std::sqrt(p * (1 - p) / kDraws) + 1e-9);
    }
  }
}

TEST(AliasTable, NeverDrawsWeightZero) {
  const std::vector<double> shares = drawn_shares({0, 3, 0, 0.1, 0}, 100000);
  EXPECT_EQ(shares[0], 0);
  EXPECT_EQ(shares[2], 0);
  EXPECT_EQ(shares[4], 0);
}

TEST(AliasTable, DrawsTheNumbersItWasGiven) {
  const std::vector<double> weights{1, 1};
  const std::vector<int32_t> numbers{70, -3};
  std::vector<AliasSlot> slots(2);
  build_alias_table(weights, numbers, slots);
  EXPECT_EQ(draw(slots, 0), 70);
  EXPECT_EQ(draw(slots, ~uint64_t{0}), -3);
}

}  // namespace
}  // namespace tersegraph
