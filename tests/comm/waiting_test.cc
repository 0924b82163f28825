#include "comm/waiting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/timer.h"
#include "comm/collectives.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using namespace std::chrono_literals;

TEST(Waiting, KeepsAllOfAMessageInOneWord) {
  Waiting waiting;
  EXPECT_FALSE(Waiting::read(waiting.word()));
  for (const int peer : {0, 1, 1023}) {
    for (int kind = 0; kind < kTrafficKinds; ++kind) {
      for (const bool sends : {false, true}) {
        waiting.begin(static_cast<Traffic>(kind), peer, sends);
        const auto wait = Waiting::read(waiting.word());
        ASSERT_TRUE(wait);
        EXPECT_EQ(wait->peer, peer);
        EXPECT_EQ(static_cast<int>(wait->kind), kind);
        EXPECT_EQ(wait->sends, sends);
        EXPECT_LT(wait->seconds, 5);
      }
    }
  }
  const Timer timer;
  waiting.begin(Traffic::p, 5, false);
  std::this_thread::sleep_for(30ms);
  const double seconds = Waiting::read(waiting.word())->seconds;
  EXPECT_GE(seconds, 0.028);
  EXPECT_LE(seconds, timer.seconds() + 0.002);
  waiting.end();
  EXPECT_FALSE(Waiting::read(waiting.word()));
}

TEST(Waiting, HasWords) {
  EXPECT_EQ((Wait{Traffic::halo_forward, 2, false, 3.21}).words(), "3.2 s for the halo_forward message of rank 2");
  EXPECT_EQ((Wait{Traffic::q, 0, true, 600}).words(), "600.0 s for rank 0 to take its q message");
}

TEST(WaitClock, CountsTicksOfOneMessage) {
  Waiting waiting;
  WaitClock clock;
  clock.tick(waiting);
  EXPECT_EQ(clock.ticks(), 0);
  waiting.begin(Traffic::p, 3, false);
  clock.tick(waiting);
  EXPECT_EQ(clock.ticks(), 0);
  EXPECT_EQ(clock.peer(), -1) << "it may have just begun";
  clock.tick(waiting);
  clock.tick(waiting);
  EXPECT_EQ(clock.ticks(), 2);
  EXPECT_EQ(clock.peer(), 3);
  std::this_thread::sleep_for(2ms);
  waiting.begin(Traffic::p, 3, false);
  clock.tick(waiting);
  EXPECT_EQ(clock.ticks(), 0) << "the next message of the same kind";
  clock.tick(waiting);
  waiting.end();
  clock.tick(waiting);
  EXPECT_EQ(clock.ticks(), 0);
  EXPECT_EQ(clock.peer(), -1);
}

TEST(WaitClock, LetsTheSetupTakeItsTime) {
  Waiting waiting;
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    waiting.begin(static_cast<Traffic>(kind), 1, false);
    WaitClock clock;
    for (int tick = 0; tick < 4; ++tick) {
      EXPECT_FALSE(clock.too_long(3));
      clock.tick(waiting);
    }
    EXPECT_EQ(clock.too_long(3), static_cast<Traffic>(kind) != Traffic::setup);
    EXPECT_FALSE(clock.too_long(4));
    EXPECT_FALSE(clock.too_long(0));
  }
}

TEST(Waiting, ChainsEndAtTheRankThatDoesNotWait) {
  EXPECT_EQ(end_of_chain(1, std::vector{-1, 2, 3, -1}), 3);
  EXPECT_EQ(end_of_chain(0, std::vector{-1, 2, 3, -1}), 0);
  EXPECT_EQ(end_of_chain(1, std::vector{1, 2, 1, 0}), 1) << "a ring";
}

TEST(Watchdog, EndsTheWaitForARankThatIsSlow) {
  std::atomic<bool> told{false};
  try {
    run_thread_ranks(
        3, 1,
        [&](Communicator& communicator) {
          Channel channel(communicator);
          std::byte room{};
          if (communicator.rank() == 2) {
            while (!told) std::this_thread::sleep_for(1ms);
            barrier(channel);
            return;
          }
          // 0 waits for 1, which waits for 2.
          try {
            channel.wait(Traffic::layer0, channel.receive(communicator.rank() + 1, kFirstFreeTag, {&room, 1}));
          } catch (const RunError&) {
            told = true;
            throw;
          }
        },
        0.4);
    ADD_FAILURE() << "expected a RunError";
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), MatchesRegex("rank 2 failed: rank [01] has waited .* for the layer0 message of rank "
                                           "[12] \\(--timeout\\)"));
  }
}

TEST(Watchdog, LetsARankComputeThatNobodyWaitsFor) {
  run_thread_ranks(
      2, 1, [](Communicator&) { std::this_thread::sleep_for(600ms); }, 0.2);
}

// A rank that never comes back.
TEST(WatchdogDeathTest, EndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(run_thread_ranks(
                  2, 1,
                  [](Communicator& communicator) {
                    Channel channel(communicator);
                    std::byte room{};
                    if (communicator.rank() == 1) std::this_thread::sleep_for(1h);
                    channel.wait(Traffic::p, channel.receive(1, kFirstFreeTag, {&room, 1}));
                  },
                  0.2),
              ::testing::ExitedWithCode(3),
              "tersegraph: rank 1 failed: rank 0 has waited .* for the p message of rank 1");
}

}  // namespace
}  // namespace tersegraph
