#include "comm/collectives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "base/rng.h"
#include "base/timer.h"
#include "comm/ranks.h"

namespace tersegraph::testing {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

class CollectivesTest : public ::testing::TestWithParam<int> {
 protected:
  void run(const std::function<void(Channel&)>& body) {
    run_ranks(GetParam(), [&](Communicator& comm) {
      Channel channel(comm);
      body(channel);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Ranks, CollectivesTest, ::testing::ValuesIn(rank_counts()));

/// Numbers of very different sizes and both signs, so that another order of summation gives other bits.
template <class T>
std::vector<T> values_of(int rank, size_t count) {
  Random random(rank + 1, Purpose::features);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(std::ldexp(random.normal(), static_cast<int>(random.below(24))));
  return values;
}

template <class T>
std::vector<T> sum_in_rank_order(int ranks, size_t count) {
  std::vector<T> sum = values_of<T>(0, count);
  for (int rank = 1; rank < ranks; ++rank) {
    const std::vector<T> part = values_of<T>(rank, count);
    for (size_t i = 0; i < count; ++i) sum[i] += part[i];
  }
  return sum;
}

template <class T>
void expect_rank_order_sums(Channel& channel) {
  for (const size_t count : {0, 1, 2, 3, 7, 511, 1024, 1025, 5000, 30011}) {
    std::vector<T> values = values_of<T>(channel.rank(), count);
    all_reduce_sum(channel, Traffic::all_reduce, std::span(values));
    const std::vector<T> expected = sum_in_rank_order<T>(channel.size(), count);
    EXPECT_TRUE(count == 0 || std::memcmp(values.data(), expected.data(), count * sizeof(T)) == 0)
        << count << " values";
  }
}

TEST_P(CollectivesTest, SumsInRankOrderBitForBit) {
  run([](Channel& channel) {
    expect_rank_order_sums<float>(channel);
    expect_rank_order_sums<double>(channel);
    expect_rank_order_sums<int64_t>(channel);
  });
}

TEST(RankOrder, IsVisibleInTheBits) {
  const std::vector<float> forward = sum_in_rank_order<float>(4, 1000);
  std::vector<float> backward = values_of<float>(3, 1000);
  for (int rank = 2; rank >= 0; --rank) {
    const std::vector<float> part = values_of<float>(rank, 1000);
    for (size_t i = 0; i < 1000; ++i) backward[i] += part[i];
  }
  EXPECT_NE(forward, backward);
}

TEST_P(CollectivesTest, FindsTheMaximum) {
  run([](Channel& channel) {
    EXPECT_EQ(all_reduce_max(channel, Traffic::setup, -5.0 - channel.rank()), -5.0);
    EXPECT_EQ(all_reduce_max(channel, Traffic::setup, channel.rank() * 2.5), (channel.size() - 1) * 2.5);
    const double value = channel.rank() == 0 ? std::nan("") : 1.0;
    EXPECT_TRUE(std::isnan(all_reduce_max(channel, Traffic::setup, value)));
  });
}

TEST_P(CollectivesTest, FindsTheMaximumOfEach) {
  run([](Channel& channel) {
    for (const size_t count : {3, 5000}) {  // at once, and by slices
      std::vector<float> values(count);
      for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>((i + channel.rank()) % 7) - 3.0f;
      if (channel.rank() == channel.size() - 1) values[1] = std::nanf("");
      all_reduce_max(channel, Traffic::all_reduce, values);
      for (size_t i = 0; i < count; ++i) {
        float greatest = -4.0f;
        for (int rank = 0; rank < channel.size(); ++rank) {
          greatest = std::max(greatest, static_cast<float>((i + rank) % 7) - 3.0f);
        }
        if (i == 1) {
          EXPECT_TRUE(std::isnan(values[i]));
        } else {
          EXPECT_EQ(values[i], greatest);
        }
      }
    }
  });
}

/// Even ranks, and odd ones, sum among themselves while both sum with all.
TEST_P(CollectivesTest, WorkAmongSomeOfTheRanks) {
  run([](Channel& channel) {
    std::vector<int> members;
    for (int rank = channel.rank() % 2; rank < channel.size(); rank += 2) members.push_back(rank);
    Channel group(channel, members);
    EXPECT_EQ(group.size(), std::ssize(members));
    EXPECT_EQ(members[group.rank()], channel.rank());
    for (const size_t count : {5, 3000}) {
      std::vector<float> values = values_of<float>(channel.rank(), count), expected(count, 0.0f);
      for (size_t k = 0; k < members.size(); ++k) {
        const std::vector<float> part = values_of<float>(members[k], count);
        for (size_t i = 0; i < count; ++i) expected[i] = k == 0 ? part[i] : expected[i] + part[i];
      }
      const int64_t before = channel.ledger().bytes(Traffic::all_reduce);
      all_reduce_sum(group, Traffic::all_reduce, std::span(values));
      EXPECT_EQ(values, expected);
      EXPECT_EQ(channel.ledger().bytes(Traffic::all_reduce) > before, members.size() > 1);
      std::array<int64_t, 1> ranks = {channel.rank()};
      all_reduce_sum(channel, Traffic::setup, std::span<int64_t>(ranks));
      EXPECT_EQ(ranks[0], channel.size() * (channel.size() - 1) / 2);
    }
  });
}

TEST_P(CollectivesTest, GathersDifferentLengths) {
  run([](Channel& channel) {
    const auto length_of = [](int rank) { return static_cast<size_t>((rank * 5 + 3) % 4 * 1000); };
    const auto all = all_gather(channel, Traffic::setup, pattern(length_of(channel.rank()), channel.rank()));
    ASSERT_EQ(all.size(), static_cast<size_t>(channel.size()));
    for (int rank = 0; rank < channel.size(); ++rank) EXPECT_EQ(all[rank], pattern(length_of(rank), rank));
  });
}

TEST_P(CollectivesTest, SendsEachToEach) {
  run([](Channel& channel) {
    const auto message = [](int from, int to) {
      return pattern(static_cast<size_t>((from * 3 + to) % 5 * 777), from * 10 + to);
    };
    std::vector<Bytes> outgoing;
    for (int to = 0; to < channel.size(); ++to) outgoing.push_back(message(channel.rank(), to));
    const auto incoming = all_to_all(channel, Traffic::placement, outgoing);
    ASSERT_EQ(incoming.size(), outgoing.size());
    for (int from = 0; from < channel.size(); ++from) EXPECT_EQ(incoming[from], message(from, channel.rank()));
  });
}

TEST_P(CollectivesTest, BarrierWaitsForTheLast) {
  run([](Channel& channel) {
    constexpr auto kDelay = std::chrono::milliseconds(30);
    barrier(channel);
    const Timer timer;
    std::this_thread::sleep_for(kDelay * channel.rank());
    barrier(channel);
    // A rank may leave the first barrier late by a little, as the machine may be busy; half the delay tells the
    // difference.
    EXPECT_GE(timer.seconds(), 0.030 * (channel.size() - 1) - 0.015);
  });
}

TEST_P(CollectivesTest, AgreesWhenAllDoWell) {
  run([](Channel& channel) {
    int calls = 0;
    agree(channel, [&] { ++calls; });
    EXPECT_EQ(calls, 1);
  });
}

TEST_P(CollectivesTest, AgreesOnTheErrorOfTheLowestRank) {
  run([](Channel& channel) {
    const int last = channel.size() - 1;
    const int lowest = channel.size() / 2;
    try {
      agree(channel, [&] {
        if (channel.rank() >= lowest) fail_input("no file on rank {}", channel.rank());
      });
      ADD_FAILURE() << "expected an InputError";
    } catch (const InputError& error) {
      EXPECT_EQ(error.what(), fmt::format("no file on rank {}", lowest));
    }
    EXPECT_THROW(agree(channel,
                       [&] {
                         if (channel.rank() == last) fail_run("diverged");
                       }),
                 RunError);
    EXPECT_THROW(agree(channel,
                       [&] {
                         if (channel.rank() == last) fail_run("diverged");
                       }),
                 Agreed);
    try {
      agree(channel, [&] {
        if (channel.rank() == last) throw std::bad_alloc();
      });
      ADD_FAILURE() << "expected a RunError";
    } catch (const RunError& error) {
      EXPECT_EQ(error.what(), fmt::format("rank {} ran out of memory", last));
    }
    barrier(channel);
  });
}

TEST_P(CollectivesTest, LedgerCountsEveryByte) {
  run([](Channel& channel) {
    const int64_t ranks = channel.size(), peers = ranks - 1, me = channel.rank();
    std::vector<float> small(kSmallReduce / sizeof(float)), large(30011);
    all_reduce_sum(channel, Traffic::all_reduce, std::span(small));
    int64_t expected = peers * (static_cast<int64_t>(kSmallReduce) + kSealBytes);
    EXPECT_EQ(channel.ledger().bytes(Traffic::all_reduce), expected);

    all_reduce_sum(channel, Traffic::all_reduce, std::span(large));
    const int64_t slice = 30011 * (me + 1) / ranks - 30011 * me / ranks;
    expected += ranks == 1 ? 0 : 4 * ((30011 - slice) + peers * slice) + 2 * peers * kSealBytes;
    EXPECT_EQ(channel.ledger().bytes(Traffic::all_reduce), expected);

    all_gather(channel, Traffic::setup, pattern(100 * me, 0));
    const int64_t gathered = peers * (8 + kSealBytes + (me == 0 ? 0 : 100 * me + kSealBytes));
    EXPECT_EQ(channel.ledger().bytes(Traffic::setup), gathered);

    const int right = static_cast<int>((me + 1) % ranks), left = static_cast<int>((me + peers) % ranks);
    const Bytes message = pattern(77, 1);
    Bytes room(77);
    const int64_t to_right = channel.ledger().bytes_to_peer()[right];
    const auto receive = channel.receive(left, kFirstFreeTag, room);
    const auto send = channel.send(Traffic::halo_forward, right, kFirstFreeTag, message);
    EXPECT_EQ(channel.wait(Traffic::halo_forward, receive), 77u);
    EXPECT_EQ(channel.wait(Traffic::halo_forward, send), 77u);
    EXPECT_EQ(channel.ledger().bytes(Traffic::halo_forward), 77 + kSealBytes);
    EXPECT_EQ(channel.ledger().bytes_to_peer()[right], to_right + 77 + kSealBytes);
    EXPECT_EQ(channel.ledger().total_bytes(), expected + gathered + 77 + kSealBytes);
    const auto& to_peers = channel.ledger().bytes_to_peer();
    EXPECT_EQ(std::accumulate(to_peers.begin(), to_peers.end(), int64_t{0}), channel.ledger().total_bytes());
    EXPECT_EQ(channel.ledger().bytes(Traffic::p), 0);
  });
}

TEST_P(CollectivesTest, LedgerCountsTheWaiting) {
  run([](Channel& channel) {
    if (channel.size() == 1) return;
    std::byte message{1}, room{0};
    barrier(channel);
    if (channel.rank() == 0) {
      channel.wait(Traffic::layer0, channel.receive(1, kFirstFreeTag, {&room, 1}));
      EXPECT_GE(channel.ledger().seconds(Traffic::layer0), 0.02);
      EXPECT_EQ(channel.ledger().seconds(Traffic::p), 0.0);
    } else if (channel.rank() == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(40));
      channel.wait(Traffic::layer0, channel.send(Traffic::layer0, 0, kFirstFreeTag, {&message, 1}));
    }
    barrier(channel);
  });
}

TEST(Traffic, HasTheNamesOfTheRunDirectory) {
  const char* const names[kTrafficKinds] = {"halo_forward", "halo_backward", "layer0",    "p",    "q",
                                            "evaluation",   "all_reduce",    "placement", "setup"};
  for (int kind = 0; kind < kTrafficKinds; ++kind) EXPECT_EQ(traffic_name(static_cast<Traffic>(kind)), names[kind]);
}

}  // namespace
}  // namespace tersegraph::testing
