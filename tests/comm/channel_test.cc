#include "comm/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>


#include "base/error.h"
#include "comm/collectives.h"
#include "comm/rounded_sum.h"
#include "damaging_communicator.h"
#include "ranks.h"

namespace tersegraph::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kTag = kFirstFreeTag;

/// What ranks of threads do with a channel each; the words of the error where there was one. Rank 1 gets its message
/// number `which` damaged.
std::string words_of(int ranks, int64_t which, Damage damage, const std::function<void(Channel&)>& body) {
  try {
    run_thread_ranks(ranks, 1, [&](Communicator& inner) {
      DamagingCommunicator communicator(inner, inner.rank() == 1 ? which : -1, damage);
      Channel channel(communicator);
      body(channel);
    });
  } catch (const RunError& error) {
    return error.what();
  }
  return "";
}

void send_to_1(Channel& channel, size_t bytes, size_t expected) {
  std::vector<std::byte> message = pattern(channel.rank() == 0 ? bytes : expected, 4);
  const auto request =
      channel.rank() == 0 ? channel.send(Traffic::q, 1, kTag, message) : channel.receive(0, kTag, message);
  EXPECT_EQ(channel.wait(Traffic::q, request), message.size());
  EXPECT_EQ(message, pattern(message.size(), 4));
}

TEST(Channel, RefusesADamagedMessage) {
  for (const size_t bytes : {1, 7, 64, 5000, 200000}) {
    EXPECT_EQ(words_of(2, -1, Damage::flip, [&](Channel& channel) { send_to_1(channel, bytes, bytes); }), "");
    EXPECT_THAT(words_of(2, 0, Damage::flip, [&](Channel& channel) { send_to_1(channel, bytes, bytes); }),
                HasSubstr("the q message of rank 0 was damaged"));
  }
}

TEST(Channel, RefusesADamagedSeal) {
  for (const Damage damage : {Damage::flip, Damage::cut}) {
    EXPECT_THAT(words_of(2, 1, damage, [](Channel& channel) { send_to_1(channel, 100, 100); }),
                HasSubstr("the q message of rank 0 was damaged"));
  }
}

TEST(Channel, RefusesAMessageOfAnotherLength) {
  EXPECT_THAT(words_of(2, -1, Damage::flip, [](Channel& channel) { send_to_1(channel, 99, 100); }),
              HasSubstr("rank 0 sent 99 bytes in its q message where 100 were expected"));
  EXPECT_THAT(words_of(2, -1, Damage::flip, [](Channel& channel) { send_to_1(channel, 101, 100); }),
              HasSubstr("rank 0 sent 101 bytes"));
  EXPECT_THAT(words_of(2, 0, Damage::cut, [](Channel& channel) { send_to_1(channel, 100, 100); }),
              HasSubstr("rank 0 sent 99 bytes"));
}

/// Every message of every collective, on 2 and 3 ranks.
TEST(Channel, NoCollectiveTakesADamagedMessage) {
  const std::function<void(Channel&)> collectives[] = {
      [](Channel& channel) {
        std::vector<float> values(3, 1.0f);
        all_reduce_sum(channel, Traffic::all_reduce, values);
      },
      [](Channel& channel) {
        std::vector<double> values(4000, 1.0);
        all_reduce_sum(channel, Traffic::all_reduce, values);
      },
      [](Channel& channel) { all_reduce_max(channel, Traffic::all_reduce, channel.rank()); },
      [](Channel& channel) { all_gather(channel, Traffic::setup, pattern(50, 2)); },
      [](Channel& channel) {
        all_to_all(channel, Traffic::setup, {channel.size() + 0ul, pattern(70, 3)});
      },
      [](Channel& channel) { agree(channel, [] {}); },
      [](Channel& channel) {
        std::vector<float> values(500, 1.0f);
        RoundedSum(channel, Traffic::all_reduce, 4)(values, 1, 0);
      }};
  for (const int ranks : {2, 3}) {
    for (const auto& collective : collectives) {
      EXPECT_EQ(words_of(ranks, -1, Damage::flip, collective), "");
      int64_t damaged = 0;
      for (std::string words; !(words = words_of(ranks, damaged, Damage::flip, collective)).empty(); ++damaged) {
        EXPECT_THAT(words, ::testing::MatchesRegex("the [a-z_]+ message of rank [02] was damaged.*"));
      }
      EXPECT_GE(damaged, 2 * (ranks - 1));  // a message and its seal of each peer
    }
  }
}

}  // namespace
}  // namespace tersegraph::testing
