#include "augment/hop_scale.h"

#include <gtest/gtest.h>

#include <cmath>

#include "augment/augmented.h"

namespace tersegraph {
namespace {

using testing::features_of;

double spread_on(const Matrix& x, int ranks, bool sparse) {
  double result = 0.0;
  run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    // Rank 0 has no rows where there are others.
    const int others = std::max(ranks - 1, 1), mine = ranks > 1 ? channel.rank() - 1 : 0;
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < x.rows(); ++i) {
      if (i % others == mine) rows.push_back(i);
    }
    Matrix part(std::ssize(rows), x.cols());
    for (int64_t i = 0; i < part.rows(); ++i) std::copy_n(x.row(rows[i]), x.cols(), part.row(i));
    const double found = spread(features_of(part, sparse), channel);
    if (channel.rank() == 0) result = found;
  });
  return result;
}

double expected_spread(const Matrix& x) {
  long double total = 0.0;
  for (int64_t j = 0; j < x.cols(); ++j) {
    long double mean = 0.0;
    for (int64_t i = 0; i < x.rows(); ++i) mean += x(i, j);
    mean /= static_cast<long double>(x.rows());
    for (int64_t i = 0; i < x.rows(); ++i) total += (x(i, j) - mean) * (x(i, j) - mean);
  }
  return static_cast<double>(std::sqrt(total / static_cast<long double>(x.rows())));
}

TEST(Spread, IsThatOfTheDefinitionAtAnySize) {
  for (const float size : {1e-30f, 1e-20f, 1.0f, 3e30f}) {
    for (const float offset : {0.0f, -1.0f, 100.0f}) {
      Matrix x = reference::random_matrix(37, 9, 1);
      for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = (x.data()[k] + offset) * size;
      const double one = spread_on(x, 1, false);
      EXPECT_NEAR(one / expected_spread(x), 1.0, 1e-7) << size << " " << offset;
      for (const int ranks : {2, 3, 5}) {
        EXPECT_EQ(spread_on(x, ranks, false), one);
        EXPECT_EQ(spread_on(x, ranks, true), one);
      }
    }
  }
}

TEST(Spread, OneRowOrEqualRowsHaveNone) {
  Matrix x(1000, 50);
  for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = 0.1f + 0.37f * static_cast<float>(k % 50);
  EXPECT_EQ(spread_on(x, 3, false), 0.0);
  // The last bit of fp32 is rounding.
  for (int64_t i = 0; i < x.rows(); i += 2) x(i, 49) = std::nextafter(x(i, 49), 100.0f);
  EXPECT_EQ(spread_on(x, 3, false), 0.0);
  for (int64_t i = 0; i < x.rows(); i += 2) x(i, 0) += 0.01f;
  EXPECT_NEAR(spread_on(x, 3, false), 0.005, 1e-5);
  EXPECT_EQ(spread_on(reference::random_matrix(1, 5, 1), 2, false), 0.0);
  EXPECT_EQ(spread_on(Matrix(0, 5), 2, false), 0.0);
  // To ranks, what is below the smallest normal number is zero.
  Matrix tiny = reference::random_matrix(37, 9, 1);
  for (int64_t k = 0; k < tiny.size(); ++k) tiny.data()[k] *= 1e-40f;
  EXPECT_EQ(spread_on(tiny, 2, false), 0.0);
}

}  // namespace
}  // namespace tersegraph
