#include "base/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/rng.h"

namespace tersegraph {
namespace {

class ParallelBlocks : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { set_thread_count(GetParam()); }
  void TearDown() override { set_thread_count(before_); }

 private:
  const int before_ = thread_count();
};

TEST_P(ParallelBlocks, VisitEveryRowOnce) {
  for (const int64_t rows : {0, 1, 9, 10, 11, 1000}) {
    std::vector<std::atomic<int>> visits(rows);
    parallel_blocks(rows, 10, [&](int64_t begin, int64_t end) {
      EXPECT_EQ(begin % 10, 0);
      EXPECT_EQ(end, std::min<int64_t>(begin + 10, rows));
      for (int64_t i = begin; i < end; ++i) ++visits[i];
    });
    for (const std::atomic<int>& count : visits) EXPECT_EQ(count, 1);
  }
}

TEST_P(ParallelBlocks, SumsOfBlocksDoNotDependOnThreads) {
  const StreamKey key(1, Purpose::generator);
  std::vector<double> sums(64);
  parallel_blocks(64 * 100, 100, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) sums[begin / 100] += uniform01(key.row(i)) - 0.5;
  });
  for (int64_t block = 0; block < 64; ++block) {
    double expected = 0;
    for (int64_t i = block * 100; i < block * 100 + 100; ++i) expected += uniform01(key.row(i)) - 0.5;
    EXPECT_EQ(sums[block], expected);
  }
}

TEST_P(ParallelBlocks, ProgressRunsOnTheCallingThreadOnly) {
  const std::thread::id caller = std::this_thread::get_id();
  int calls = 0;
  bool elsewhere = false;
  const ProgressScope scope([&] {
    elsewhere |= std::this_thread::get_id() != caller;
    ++calls;
  });
  parallel_blocks(100, 1, [](int64_t, int64_t) {});
  EXPECT_FALSE(elsewhere);
  EXPECT_LE(calls, 100);
  EXPECT_GE(calls, GetParam() == 1 ? 100 : 0);
}

INSTANTIATE_TEST_SUITE_P(Threads, ParallelBlocks, testing::Values(1, 2, 3, 4));

TEST(ProgressScope, WhatItThrowsArrivesAndEndsTheWork) {
  const int threads_before = thread_count();
  set_thread_count(1);  // the calling thread is sure to get a block
  int blocks = 0;
  const ProgressScope scope([] { throw RunError("rank 1 is gone"); });
  EXPECT_THROW(parallel_blocks(100, 1, [&](int64_t, int64_t) { ++blocks; }), RunError);
  EXPECT_EQ(blocks, 1);
  set_thread_count(threads_before);
}

TEST(ProgressScope, EndsWithItsScopeAndNests) {
  int outer = 0, inner = 0;
  {
    const ProgressScope outer_scope([&] { ++outer; });
    {
      const ProgressScope inner_scope([&] { ++inner; });
      parallel_blocks(1, 1, [](int64_t, int64_t) {});
    }
    parallel_blocks(1, 1, [](int64_t, int64_t) {});
  }
  parallel_blocks(1, 1, [](int64_t, int64_t) {});
  EXPECT_EQ(inner, 1);
  EXPECT_EQ(outer, 1);
}

TEST(ProgressScope, BelongsToItsThread) {
  int calls = 0;
  const ProgressScope scope([&] { ++calls; });
  std::thread([] { parallel_blocks(1, 1, [](int64_t, int64_t) {}); }).join();
  EXPECT_EQ(calls, 0);
}

TEST(ThreadCount, BelongsToItsThread) {
  const int before = thread_count();
  std::thread([] { set_thread_count(3); }).join();
  EXPECT_EQ(thread_count(), before);
}

}  // namespace
}  // namespace tersegraph
