#include "comm/threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "comm/collectives.h"
#include "comm/ranks.h"

namespace tersegraph::testing {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

TEST(ThreadRanks, RunAtOnceWithTheirThreads) {
  const int before = thread_count();
  std::vector<int> seen(4, 0);
  run_thread_ranks(4, 3, [&](Communicator& comm) {
    seen[comm.rank()] = thread_count();
    Channel channel(comm);
    barrier(channel);
  });
  EXPECT_EQ(seen, std::vector<int>(4, 3));
  EXPECT_EQ(thread_count(), before);
}

TEST(ThreadRanks, RefuseNoRanks) {
  EXPECT_THROW(run_thread_ranks(0, 1, [](Communicator&) {}), InputError);
}

TEST(ThreadRanks, AbortWakesEveryWaitingRank) {
  std::vector<std::string> heard(4);
  run_thread_ranks(4, 1, [&](Communicator& comm) {
    if (comm.rank() == 2) {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      comm.abort("the disk is full", 3);
      return;
    }
    Bytes room(8);
    try {
      comm.wait(comm.receive(2, 100, room));
    } catch (const RunError& error) {
      heard[comm.rank()] = error.what();
    }
    EXPECT_THROW(comm.send(2, 100, room), RunError);
    comm.progress();
  });
  for (const int rank : {0, 1, 3}) EXPECT_EQ(heard[rank], "rank 2 failed: the disk is full");
}

TEST(ThreadRanks, AFailureEndsPolling) {
  run_thread_ranks(2, 1, [&](Communicator& comm) {
    if (comm.rank() == 1) return comm.abort("gone", 3);
    Bytes room(8);
    EXPECT_THROW(
        {
          const auto receive = comm.receive(1, 100, room);
          while (!comm.test(receive, nullptr)) std::this_thread::yield();
        },
        RunError);
  });
}

TEST(ThreadRanks, ThrowTheFirstExceptionAsItIs) {
  const auto run = [](int failing, const std::function<void()>& fail) {
    run_thread_ranks(3, 1, [&](Communicator& comm) {
      Channel channel(comm);
      if (comm.rank() == failing) fail();
      barrier(channel);
    });
  };
  try {
    run(1, [] { fail_input("no such file"); });
    ADD_FAILURE() << "expected an InputError";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "no such file");
  }
  EXPECT_THROW(run(0, [] { fail_run("diverged"); }), RunError);
  EXPECT_THROW(run(2, [] { throw std::logic_error("bug"); }), std::logic_error);
  EXPECT_THROW(run(2, [] { throw 5; }), int);
}

TEST(ThreadRanks, ThrowWhatTheyAgreeOn) {
  EXPECT_THROW(run_thread_ranks(3, 1,
                                [](Communicator& comm) {
                                  Channel channel(comm);
                                  agree(channel, [&] {
                                    if (comm.rank() == 1) fail_input("bad");
                                  });
                                }),
               InputError);
}

TEST(ThreadCommunicator, TouchesNoBufferAfterDropping) {
  const auto comms = make_thread_communicators(2);
  Bytes late(1000);
  {
    const Bytes dropped = pattern(1000, 1);
    comms[0]->send(1, 100, dropped);
    comms[0]->drop_requests();
  }
  const auto receive = comms[1]->receive(0, 100, late);
  EXPECT_FALSE(comms[1]->test(receive, nullptr));
  const Bytes second = pattern(1000, 2);
  const auto send = comms[0]->send(1, 100, second);
  EXPECT_EQ(comms[1]->wait(receive), 1000u);
  EXPECT_EQ(comms[0]->wait(send), 1000u);
  EXPECT_EQ(late, second);
}

TEST(ThreadCommunicator, ForgetsARankThatEnds) {
  auto comms = make_thread_communicators(2);
  Bytes room(10);
  comms[0]->receive(1, 100, room);
  comms.erase(comms.begin());
  const Bytes message(10);
  const auto send = comms.front()->send(0, 100, message);
  EXPECT_FALSE(comms.front()->test(send, nullptr));
}

// Ranks that come and go while large messages are copied; for the sanitizers to watch.
TEST(ThreadCommunicator, SurvivesAFailureAmongCopies) {
  for (int round = 0; round < 20; ++round) {
    EXPECT_THROW(run_thread_ranks(4, 1,
                                  [&](Communicator& comm) {
                                    Channel channel(comm);
                                    for (int step = 0;; ++step) {
                                      std::vector<float> values(20000, 1.0f);
                                      if (comm.rank() == round % 4 && step == round % 5) fail_run("round {}", round);
                                      all_reduce_sum(channel, Traffic::all_reduce, std::span(values));
                                      ASSERT_EQ(values[19999], 4.0f);
                                    }
                                  }),
                 RunError);
  }
}

TEST(ThreadCommunicator, MatchesUnderRandomTraffic) {
  run_thread_ranks(4, 1, [](Communicator& comm) {
    constexpr int kMessages = 400;
    std::vector<Bytes> sent(kMessages), rooms(kMessages);
    std::vector<Communicator::Request> requests;
    Random random(comm.rank() + 1, Purpose::shuffle);
    // Message i of any rank goes by i % 3 + 1 ranks to the right with tag i % 5: both sides know what is to come.
    for (int i = 0; i < kMessages; ++i) {
      const int away = i % 3 + 1, from = (comm.rank() + 4 - away) % 4;
      sent[i] = pattern(static_cast<size_t>(i) * 97 % 20000, comm.rank() * kMessages + i);
      rooms[i].resize(sent[i].size());
      const auto send = [&] { requests.push_back(comm.send((comm.rank() + away) % 4, 100 + i % 5, sent[i])); };
      const auto receive = [&] { requests.push_back(comm.receive(from, 100 + i % 5, rooms[i])); };
      const bool send_first = random.below(2) == 0;
      if (send_first) send();
      receive();
      if (!send_first) send();
      if (random.below(4) == 0) std::this_thread::yield();
    }
    for (const auto request : requests) comm.wait(request);
    for (int i = 0; i < kMessages; ++i) {
      const int from = (comm.rank() + 4 - (i % 3 + 1)) % 4;
      EXPECT_EQ(rooms[i], pattern(rooms[i].size(), from * kMessages + i)) << "message " << i;
    }
  });
}

}  // namespace
}  // namespace tersegraph::testing
