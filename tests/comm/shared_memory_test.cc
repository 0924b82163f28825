#include "comm/shared_memory.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "comm/collectives.h"
#include "comm/ranks.h"

namespace tersegraph {
namespace {

using testing::pattern;
using testing::rank_counts;
using testing::run_ranks;

TEST(SharedMemory, EveryRankSeesWhatEachWrites) {
  for (const int ranks : rank_counts()) {
    run_ranks(ranks, [](Communicator& communicator) {
      Channel channel(communicator);
      SharedMemory memory(channel);
      for (const size_t size : {1000, 100, 5 << 20}) {  // the last is other memory
        std::byte* const data = memory.reserve(size * communicator.size());
        ASSERT_GE(memory.size(), size * communicator.size());
        const auto seed = [&](int rank) { return static_cast<uint32_t>(10 * rank) + static_cast<uint32_t>(size); };
        const auto mine = pattern(size, seed(communicator.rank()));
        std::memcpy(data + size * communicator.rank(), mine.data(), size);
        barrier(channel);
        for (int rank = 0; rank < communicator.size(); ++rank) {
          EXPECT_EQ(std::memcmp(data + size * rank, pattern(size, seed(rank)).data(), size), 0) << rank;
        }
        barrier(channel);
      }
    });
  }
}

TEST(SharedMemory, WhatCannotBeHadIsAnError) {
  run_ranks(rank_counts().front(), [](Communicator& communicator) {
    if (communicator.size() > 1) return;
    Channel channel(communicator);
    SharedMemory memory(channel);
    EXPECT_THROW(memory.reserve(size_t{1} << 60), RunError);
    EXPECT_NE(memory.reserve(100), nullptr);
  });
}

}  // namespace
}  // namespace tersegraph
