#include "nn/init.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/parallel.h"

namespace tersegraph {
namespace {

struct Moments {
  double mean = 0.0, variance = 0.0, largest = 0.0;
};

Moments moments(const Matrix& w) {
  Moments m;
  const double n = static_cast<double>(w.size());
  for (int64_t k = 0; k < w.size(); ++k) {
    m.mean += w.data()[k] / n;
    m.variance += static_cast<double>(w.data()[k]) * w.data()[k] / n;
    m.largest = std::max(m.largest, std::fabs(static_cast<double>(w.data()[k])));
  }
  m.variance -= m.mean * m.mean;
  return m;
}

TEST(Init, GlorotIsUniformBelowItsLimit) {
  Matrix w(700, 300);
  initialise_weights(InitKind::glorot, 3, 0, w);
  const double limit = std::sqrt(6.0 / 1000.0), n = 210000.0;
  const Moments m = moments(w);
  EXPECT_LE(m.largest, limit);
  EXPECT_GT(m.largest, 0.9999 * limit);
  EXPECT_NEAR(m.mean, 0.0, 5.0 * limit / std::sqrt(3.0 * n));
  EXPECT_NEAR(m.variance, limit * limit / 3.0, 0.01 * limit * limit);
}

TEST(Init, HeIsNormalWithTheVarianceOfItsFanIn) {
  Matrix w(500, 400);
  initialise_weights(InitKind::he, 3, 1, w);
  const double variance = 2.0 / 500.0, n = 200000.0;
  const Moments m = moments(w);
  EXPECT_NEAR(m.mean, 0.0, 5.0 * std::sqrt(variance / n));
  EXPECT_NEAR(m.variance, variance, 5.0 * variance * std::sqrt(2.0 / n));
  int64_t beyond = 0;  // two standard deviations: 4.55 % of a normal distribution
  for (int64_t k = 0; k < w.size(); ++k) beyond += std::fabs(w.data()[k]) > 2.0 * std::sqrt(variance);
  EXPECT_NEAR(static_cast<double>(beyond) / n, 0.0455, 0.003);
}

TEST(Init, NormalHasADeviationOfATenth) {
  Matrix w(300, 400);
  initialise_weights(InitKind::normal, 3, 1, w);
  const Moments m = moments(w);
  EXPECT_NEAR(m.mean, 0.0, 5.0 * 0.1 / std::sqrt(120000.0));
  EXPECT_NEAR(m.variance, 0.01, 5.0 * 0.01 * std::sqrt(2.0 / 120000.0));
}

TEST(Init, DependsOnSeedAndTensorButNotOnThreads) {
  const int threads_before = thread_count();
  Matrix a(200, 133), b(200, 133);
  set_thread_count(1);
  initialise_weights(InitKind::glorot, 3, 5, a);
  set_thread_count(4);
  initialise_weights(InitKind::glorot, 3, 5, b);
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.bytes()), 0);
  set_thread_count(threads_before);
  for (const auto& [seed, tensor] : {std::pair<uint64_t, int64_t>{4, 5}, {3, 6}}) {
    initialise_weights(InitKind::glorot, seed, tensor, b);
    int64_t equal = 0;
    for (int64_t k = 0; k < a.size(); ++k) equal += a.data()[k] == b.data()[k];
    EXPECT_LT(equal, 20);
  }
}

}  // namespace
}  // namespace tersegraph
