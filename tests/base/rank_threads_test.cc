#include "base/rank_threads.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/parallel.h"

namespace tersegraph {
namespace {

/// On each thread, half of the smallest normal number.
std::vector<float> halves(int threads) {
  std::vector<float> found(static_cast<size_t>(threads), -1.0f);
#pragma omp parallel num_threads(threads)
  {
    volatile float smallest = 1.17549435e-38f;
    found[static_cast<size_t>(omp_get_thread_num())] = smallest * 0.5f;
  }
  return found;
}

TEST(RankThreads, FlushDenormalsOnEachThreadAndPutThemBack) {
  const int threads_before = thread_count();
  for (const float half : halves(3)) EXPECT_GT(half, 0.0f);  // the threads are there before the rank is
  {
    const RankThreads rank(3);
    EXPECT_EQ(thread_count(), 3);
    for (const float half : halves(3)) EXPECT_EQ(half, 0.0f);
    float started = -1.0f;
    std::jthread([&] { started = halves(1)[0]; }).join();
    EXPECT_EQ(started, 0.0f);
  }
  EXPECT_EQ(thread_count(), threads_before);
  for (const float half : halves(3)) EXPECT_GT(half, 0.0f);
}

TEST(RankThreads, OfNormalNumbersNothingChanges) {
  volatile float smallest = 1.17549435e-38f, third = 1.0f / 3.0f;
  const float sum = smallest + smallest, product = third * third;
  const RankThreads rank(1);
  EXPECT_EQ(smallest + smallest, sum);
  EXPECT_EQ(third * third, product);
}

}  // namespace
}  // namespace tersegraph
