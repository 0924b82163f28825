#include "nn/row_blocks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "nn/partial_gradients.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

class RowBlocksOf : public ::testing::TestWithParam<int64_t> {
 protected:
  ~RowBlocksOf() override { set_thread_count(threads_before_); }

 private:
  const int threads_before_ = thread_count();
};

TEST_P(RowBlocksOf, CoverEveryRowOnceAndRangesInOrder) {
  const int64_t rows = GetParam();
  for (const int64_t width : {1, 40, 256, 5000}) {
    RowBlocks blocks;
    blocks.resize(width, 1000);
    set_thread_count(3);
    PhaseSeconds seconds;
    std::vector<int> seen(rows, 0);
    std::vector<int64_t> range_end(blocks.ranges(rows), -1);
    blocks.run(rows, seconds, [&](const RowBlock& block) {
      for (int64_t i = block.begin; i < block.end; ++i) ++seen[i];
      int64_t& end = range_end.at(block.range);
      ASSERT_TRUE(block.first ? end == -1 : end == block.begin);
      end = block.end;
      EXPECT_LE(block.rows() * width, std::max<int64_t>(1 << 16, 32 * width));
    });
    EXPECT_EQ(std::accumulate(seen.begin(), seen.end(), int64_t{0}), rows);
    for (const int count : seen) ASSERT_EQ(count, 1);
    if (rows > 0) {
      EXPECT_EQ(range_end.back(), rows);
    }
  }
}

TEST(RowBlocks, NoLoopOverFewerRowsHasMoreRangesThanWereAnnounced) {
  for (const int64_t width : {64, 256}) {
    for (const int64_t sums : {1000, 500'000}) {
      RowBlocks blocks;
      blocks.resize(width, sums);
      for (const int64_t rows : {1, 256, 9166, 100'000}) {
        for (int64_t fewer = 1; fewer <= rows; fewer += 1 + fewer / 50) {
          EXPECT_LE(blocks.ranges(fewer), blocks.most_ranges(rows)) << fewer << " of " << rows << " rows";
        }
      }
    }
  }
}

TEST_P(RowBlocksOf, SumsAreTheSameOnAnyNumberOfThreads) {
  const int64_t rows = GetParam();
  const Matrix x = reference::random_matrix(rows, 5, 1);
  const auto column_sums = [&](int threads) {
    set_thread_count(threads);
    Parameters parameters;
    const int unused = parameters.add("unused", 3, 3), sum = parameters.add("sum", 1, 5);
    parameters.finalize();
    std::fill_n(parameters.gradient(unused).data, 9, 7.0f);
    PartialGradients partial(parameters);
    partial.add(sum);
    partial.add(sum);
    RowBlocks blocks;
    blocks.resize(1000, partial.size());
    PhaseSeconds seconds;
    for (int pass = 0; pass < 2; ++pass) {
      partial.start(blocks.ranges(rows));
      blocks.run(rows, seconds, [&](const RowBlock& block) {
        const MatrixView total = partial.of(sum, block);
        for (int64_t i = block.begin; i < block.end; ++i) {
          for (int64_t c = 0; c < 5; ++c) total(0, c) += x(i, c);
        }
      });
      partial.finish();
    }
    for (int k = 0; k < 9; ++k) EXPECT_EQ(parameters.gradient(unused).data[k], 7.0f);
    return std::vector<float>(parameters.gradient(sum).data, parameters.gradient(sum).data + 5);
  };
  const std::vector<float> one = column_sums(1);
  for (int c = 0; c < 5; ++c) {
    double expected = 0.0, scale = 1.0;
    for (int64_t i = 0; i < rows; ++i) {
      expected += x(i, c);
      scale += std::abs(x(i, c));
    }
    EXPECT_NEAR(one[c], expected, 1e-6 * scale);
  }
  for (const int threads : {2, 5}) EXPECT_EQ(std::memcmp(one.data(), column_sums(threads).data(), 20), 0) << threads;
}

INSTANTIATE_TEST_SUITE_P(All, RowBlocksOf, ::testing::Values(0, 1, 31, 32, 33, 2708, 100'003));

TEST(RowBlocks, TimeGoesToThePhasesThatAreNamed) {
  RowBlocks blocks;
  blocks.resize(16, 16);
  PhaseSeconds seconds;
  blocks.run(10, seconds, [](const RowBlock& block) {
    volatile double x = 0.0;
    for (int k = 0; k < 100'000; ++k) x = x + 1.0;
    block.thread.lap(BlockPhase::gemm);
  });
  EXPECT_GT(seconds["gemm"], 0.0);
  EXPECT_FALSE(seconds.contains("spmm"));
}

TEST(RowBlocks, ErrorsLeaveTheLoop) {
  RowBlocks blocks;
  blocks.resize(16, 16);
  PhaseSeconds seconds;
  EXPECT_THROW(blocks.run(10'000, seconds,
                          [](const RowBlock& block) {
                            if (block.begin > 5000) throw std::runtime_error("no memory");
                          }),
               std::runtime_error);
}

}  // namespace
}  // namespace tersegraph
