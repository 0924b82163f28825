#include "nn/kept_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

constexpr int64_t kRows = 300, kCols = 21;

/// Half of it zero, as after a ReLU.
Matrix activations() {
  Matrix x = reference::random_matrix(kRows, kCols, 1);
  for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = std::max(0.0f, x.data()[k]);
  return x;
}

/// What comes back of x, block by block.
Matrix kept(const Matrix& x, int bits, bool positive, uint64_t seed) {
  std::vector<int64_t> ids(kRows);
  std::iota(ids.begin(), ids.end(), 1000);
  KeptRows rows;
  rows.reshape(kRows, kCols, bits, positive);
  RowBlocks blocks;
  blocks.resize(2000, 1);  // blocks of 32 rows
  PhaseSeconds seconds;
  blocks.run(kRows, seconds, [&](const RowBlock& block) {
    const MatrixView room = rows.room(block, 0);
    copy_block({x.row(block.begin), block.rows(), kCols}, room);
    rows.keep(block, room, ids.data(), StreamKey(seed, Purpose::kept_rows));
  });
  Matrix back(kRows, kCols);
  blocks.run(kRows, seconds, [&](const RowBlock& block) {
    copy_block(rows.rows(block, block.end, 1), {back.row(block.begin), block.rows(), kCols});
  });
  return back;
}

TEST(KeptRows, ComeBackAsTheyWereAt32Bits) {
  const Matrix x = activations(), back = kept(x, 32, true, 1);
  for (int64_t k = 0; k < x.size(); ++k) ASSERT_EQ(back.data()[k], x.data()[k]);
}

class RoundedRows : public ::testing::TestWithParam<int> {};

TEST_P(RoundedRows, AreWithinAStepAndRightOnAverage) {
  const int bits = GetParam(), draws = 400;
  const Matrix x = activations();
  Matrix mean(kRows, kCols);
  mean.fill(0.0f);
  for (int draw = 0; draw < draws; ++draw) {
    const Matrix back = kept(x, bits, false, draw);
    for (int64_t k = 0; k < x.size(); ++k) mean.data()[k] += back.data()[k] / draws;
  }
  const Matrix once = kept(x, bits, false, 1);
  int changed = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    const float range = *std::max_element(x.row(i), x.row(i) + kCols);
    const float step = 1.02f * range / static_cast<float>((1 << bits) - 1);
    for (int64_t c = 0; c < kCols; ++c) {
      ASSERT_NEAR(once(i, c), x(i, c), step);
      // A draw deviates by at most half a step; 6 standard deviations of the mean of them.
      ASSERT_NEAR(mean(i, c), x(i, c), 6 * 0.5f * step / std::sqrt(static_cast<float>(draws)) + 1e-3f * range);
      changed += once(i, c) != x(i, c);
    }
  }
  EXPECT_GT(changed, kRows) << "nothing was rounded";
}

TEST_P(RoundedRows, StayPositiveOrZeroWhereThatIsKept) {
  const Matrix x = activations(), back = kept(x, GetParam(), true, 2);
  for (int64_t k = 0; k < x.size(); ++k) ASSERT_EQ(back.data()[k] > 0.0f, x.data()[k] > 0.0f) << k;
}

TEST_P(RoundedRows, TakeTheBytesThatArePredicted) {
  const int bits = GetParam();
  EXPECT_EQ(KeptRows::bytes(1000, 256, bits, false), 1000 * (32 * bits + 8));
  EXPECT_EQ(KeptRows::bytes(1000, 256, bits, true), 1000 * (32 * bits + 8 + 32));
  EXPECT_EQ(KeptRows::bytes(1000, 256, 32, true), 1000 * 1024);
}

INSTANTIATE_TEST_SUITE_P(All, RoundedRows, ::testing::Values(4, 8));

}  // namespace
}  // namespace tersegraph
