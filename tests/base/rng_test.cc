#include "base/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

namespace tersegraph {
namespace {

// The layout that SIMD kernels repeat: columns 0..15 and 16..31 of a group are the low and high halves of words 0..15.
constexpr uint64_t kRowKey = StreamKey(3, Purpose::rounding, Direction::backward(1), 5, 2).row(77);
static_assert(random16(kRowKey, 0) == (random_word(kRowKey, 0) & 0xFFFF));
static_assert(random16(kRowKey, 15) == (random_word(kRowKey, 15) & 0xFFFF));
static_assert(random16(kRowKey, 16) == random_word(kRowKey, 0) >> 16);
static_assert(random16(kRowKey, 31) == random_word(kRowKey, 15) >> 16);
static_assert(random16(kRowKey, 32) == (random_word(kRowKey, 16) & 0xFFFF));
static_assert(random16(kRowKey, 48) == random_word(kRowKey, 16) >> 16);
static_assert(mix64(0) == 0xE220A8397B1DCDAFull, "the first number of splitmix64 from seed 0");

constexpr int64_t kRows = 1 << 15;
constexpr int64_t kColumns = 64;
constexpr double kDraws = static_cast<double>(kRows * kColumns);

/// A field of random numbers: what the kernels draw at (row, column).
using Field = std::function<uint32_t(int64_t row, int64_t column)>;

Field field(StreamKey key) {
  return [key](int64_t row, int64_t column) { return random16(key.row(row), column); };
}

double mean(const Field& f) {
  double sum = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) sum += f(i, j);
  }
  return (sum / kDraws + 0.5) / 65536;
}

/// Standard deviations by which chi-square over all 2^16 values departs from its expectation.
double chi_square_departure(const Field& f) {
  std::vector<int64_t> counts(1 << 16, 0);
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) ++counts[f(i, j)];
  }
  const double expected = kDraws / static_cast<double>(counts.size());
  double chi_square = 0;
  for (const int64_t count : counts) chi_square += std::pow(static_cast<double>(count) - expected, 2) / expected;
  const double freedom = static_cast<double>(counts.size()) - 1;
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

/// Correlations of two fields, times sqrt(draws): standard normal when they are independent.
struct Correlation {
  double values = 0, high_bit = 0, low_bit = 0;
};

Correlation correlation(const Field& f, const Field& g) {
  Correlation sum;
  const auto sign = [](uint32_t bit) { return bit != 0 ? 1.0 : -1.0; };
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) {
      const uint32_t x = f(i, j), y = g(i, j);
      sum.values += (x - 32767.5) * (y - 32767.5);
      sum.high_bit += sign(x & 0x8000) * sign(y & 0x8000);
      sum.low_bit += sign(x & 1) * sign(y & 1);
    }
  }
  const double variance = (65536.0 * 65536.0 - 1) / 12, root = std::sqrt(kDraws);
  return {sum.values / variance / root, sum.high_bit / root, sum.low_bit / root};
}

void expect_independent(const Field& f, const Field& g, const char* what) {
  constexpr double kFarOut = 5;  // one time in two million
  const Correlation found = correlation(f, g);
  EXPECT_LT(std::abs(found.values), kFarOut) << what;
  EXPECT_LT(std::abs(found.high_bit), kFarOut) << what;
  EXPECT_LT(std::abs(found.low_bit), kFarOut) << what;
}

const std::vector<StreamKey> kKeys = {StreamKey(1, Purpose::dropout), StreamKey(1, Purpose::rounding),
                                      StreamKey(0, Purpose::input_dropout, Direction::forward(), 1, 1),
                                      StreamKey(12345, Purpose::rounding, Direction::backward(3), 200, 2)};

TEST(Random16, IsUnbiased) {
  const double deviation = 1 / std::sqrt(12 * kDraws);
  for (const StreamKey& key : kKeys) EXPECT_NEAR(mean(field(key)), 0.5, 5 * deviation);
}

TEST(Random16, TakesAllValuesEquallyOften) {
  for (const StreamKey& key : kKeys) EXPECT_LT(std::abs(chi_square_departure(field(key))), 5);
}

TEST(Random16, EveryColumnIsUnbiased) {
  const Field f = field(kKeys[1]);
  for (int64_t j = 0; j < 256; ++j) {
    double sum = 0;
    for (int64_t i = 0; i < kRows; ++i) sum += (f(i, j) + 0.5) / 65536;
    EXPECT_NEAR(sum / kRows, 0.5, 5 / std::sqrt(12.0 * kRows)) << j;
  }
}

TEST(Random16, ColumnsAreIndependent) {
  const Field f = field(kKeys[1]);
  for (const int64_t shift : {1, 2, 16, 17, 32, 64}) {
    expect_independent(
        f, [&](int64_t i, int64_t j) { return f(i, j + shift); }, "column shift");
  }
}

TEST(Random16, RowsAreIndependent) {
  const Field f = field(kKeys[1]);
  for (const int64_t shift : {int64_t{1}, int64_t{2}, int64_t{4096}, int64_t{1} << 32}) {
    expect_independent(
        f, [&](int64_t i, int64_t j) { return f(i + shift, j); }, "row shift");
  }
}

TEST(Random16, WhatDiffersInOneWordOfTheKeyIsIndependent) {
  const Field base = field(StreamKey(1, Purpose::rounding, Direction::forward(), 10, 1));
  const auto other = [](uint64_t seed, Purpose purpose, Direction direction, int64_t epoch, int64_t layer) {
    return field(StreamKey(seed, purpose, direction, epoch, layer));
  };
  expect_independent(base, other(2, Purpose::rounding, Direction::forward(), 10, 1), "seed");
  expect_independent(base, other(1, Purpose::dropout, Direction::forward(), 10, 1), "purpose");
  expect_independent(base, other(1, Purpose::input_dropout, Direction::forward(), 10, 1), "purpose");
  expect_independent(base, other(1, Purpose::rounding, Direction::backward(0), 10, 1), "direction");
  expect_independent(base, other(1, Purpose::rounding, Direction::forward(), 11, 1), "epoch");
  expect_independent(base, other(1, Purpose::rounding, Direction::forward(), 10, 0), "layer");
  expect_independent(base, other(1, Purpose::rounding, Direction::forward(), 1, 10), "epoch and layer exchanged");
}

TEST(Direction, SendersDoNotShareNumbers) {
  const Field first = field(StreamKey(1, Purpose::rounding, Direction::backward(0), 4, 1));
  const Field second = field(StreamKey(1, Purpose::rounding, Direction::backward(1), 4, 1));
  expect_independent(first, second, "sender");
}

TEST(Uniform01, StaysBelowOne) {
  EXPECT_EQ(uniform01(0), 0.0);
  EXPECT_LT(uniform01(~uint64_t{0}), 1.0);
}

TEST(Random, RepeatsFromTheSameKey) {
  Random a(7, Purpose::split), b(7, Purpose::split), c(7, Purpose::shuffle);
  bool differs = false;
  for (int k = 0; k < 100; ++k) {
    const uint64_t bits = a.bits();
    EXPECT_EQ(bits, b.bits());
    differs |= bits != c.bits();
  }
  EXPECT_TRUE(differs);
}

TEST(Random, BelowIsEvenOverItsRange) {
  Random random(3, Purpose::shuffle);
  std::vector<int> counts(7, 0);
  for (int k = 0; k < 70000; ++k) {
    const int64_t drawn = random.below(7);
    ASSERT_GE(drawn, 0);
    ASSERT_LT(drawn, 7);
    ++counts[drawn];
  }
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(10000.0 * 6 / 7));
  EXPECT_EQ(random.below(1), 0);
  for (int k = 0; k < 100; ++k) EXPECT_LT(random.below(int64_t{1} << 62), int64_t{1} << 62);
}

TEST(Random, NormalHasTheMomentsOfANormal) {
  Random random(5, Purpose::init);
  constexpr int kCount = 200000;
  double first = 0, second = 0, fourth = 0;
  for (int k = 0; k < kCount; ++k) {
    const double x = random.normal();
    ASSERT_TRUE(std::isfinite(x));
    first += x;
    second += x * x;
    fourth += x * x * x * x;
  }
  EXPECT_NEAR(first / kCount, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(second / kCount, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(fourth / kCount, 3, 5 * std::sqrt(96.0 / kCount));
}

TEST(NormalFromBits, IsFiniteAtTheEnds) {
  EXPECT_TRUE(std::isfinite(normal_from_bits(0)));
  EXPECT_TRUE(std::isfinite(normal_from_bits(~uint64_t{0})));
}

}  // namespace
}  // namespace tersegraph
