#include "comm/heartbeat.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <future>
#include <memory>
#include <thread>

#include "base/timer.h"
#include "comm/forwarding_communicator.h"
#include "comm/ranks.h"

namespace tersegraph::testing {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr double kBeat = 0.1;
constexpr auto kBeatTime = 100ms;
constexpr auto kPatience = 20s;

struct Ended {
  std::string line;
  int code = 0;
};

/// One rank of a star of socket pairs, in this process: its end is recorded.
class Rank {
 public:
  Rank(int rank, double timeout, ControlLinks links)
      : ending_(ended_.get_future()),
        heartbeat_(std::make_unique<Heartbeat>(Heartbeat::Config{rank, timeout, kBeat}, std::move(links), waiting_,
                                               [this](const std::string& line, int code) {
                                                 ended_.set_value({line, code});
                                               })) {}

  Waiting& waiting() { return waiting_; }
  Heartbeat& heartbeat() { return *heartbeat_; }
  void leave() { heartbeat_.reset(); }
  bool has_ended() { return ending_.wait_for(0s) == std::future_status::ready; }
  Ended end() {
    if (ending_.wait_for(kPatience) != std::future_status::ready) return {"did not end", 0};
    return ending_.get();
  }

 private:
  Waiting waiting_;
  std::promise<Ended> ended_;
  std::future<Ended> ending_;
  std::unique_ptr<Heartbeat> heartbeat_;
};

std::vector<ControlLinks> star(int ranks) {
  std::vector<ControlLinks> result(ranks);
  for (int rank = 0; rank < ranks; ++rank) {
    for (int each = 0; each < ranks; ++each) result[rank].hosts.push_back("host" + std::to_string(each));
    if (rank == 0) continue;
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    result[0].links.push_back({rank, ends[0]});
    result[rank].links.push_back({0, ends[1]});
  }
  return result;
}

/// Ranks 0 to `live` - 1 of a star; of the others the test holds the sockets.
struct World {
  World(int ranks, int live, double timeout) : links(star(ranks)) {
    for (int rank = 0; rank < live; ++rank) ranks_.push_back(std::make_unique<Rank>(rank, timeout, links[rank]));
  }
  Rank& operator[](int rank) { return *ranks_[rank]; }
  int socket_of(int rank) { return links[rank].links.front().socket; }

  std::vector<ControlLinks> links;
  std::vector<std::unique_ptr<Rank>> ranks_;
};

TEST(Heartbeat, TellsEveryRankOfAClosedConnection) {
  World world(4, 3, 0);
  world[0].waiting().begin(Traffic::halo_forward, 3, false);
  world[1].waiting().begin(Traffic::all_reduce, 2, true);
  std::this_thread::sleep_for(150ms);
  close(world.socket_of(3));
  const std::string lost = "rank 3 on host host3 was lost (its process has ended or its host is out of reach)";
  const Ended first = world[0].end(), second = world[1].end(), third = world[2].end();
  EXPECT_EQ(first.code, 3);
  EXPECT_EQ(second.code, 3);
  EXPECT_EQ(third.code, 3);
  EXPECT_THAT(first.line, HasSubstr("tersegraph: rank 0: " + lost + "; this rank had been waiting 0."));
  EXPECT_THAT(first.line, HasSubstr(" s for the halo_forward message of rank 3\n"));
  EXPECT_THAT(second.line, HasSubstr("tersegraph: rank 1: " + lost));
  EXPECT_THAT(second.line, HasSubstr("for rank 2 to take its all_reduce message\n"));
  EXPECT_EQ(third.line, "tersegraph: rank 2: " + lost + "; this rank was computing\n");
}

TEST(Heartbeat, TellsEveryRankThatRank0IsLost) {
  World world(3, 0, 0);
  Rank second(1, 0, world.links[1]), third(2, 0, world.links[2]);
  for (const ControlLink& link : world.links[0].links) close(link.socket);
  EXPECT_THAT(second.end().line, HasSubstr("rank 1: rank 0 on host host0 was lost"));
  EXPECT_THAT(third.end().line, HasSubstr("rank 2: rank 0 on host host0 was lost"));
}

TEST(Heartbeat, TakesASilentRankForLostAfterTheTimeoutAlone) {
  World patient(3, 2, 0), world(3, 2, 8 * kBeat);
  EXPECT_THAT(world[0].end().line, HasSubstr("rank 2 on host host2 was lost (it has not answered for 1 s)"));
  EXPECT_THAT(world[1].end().line, HasSubstr("rank 2 on host host2 was lost"));
  EXPECT_FALSE(patient[0].has_ended() || patient[1].has_ended());
  close(patient.socket_of(2));
  EXPECT_EQ(patient[0].end().code, 3);
  EXPECT_EQ(patient[1].end().code, 3);
  close(world.socket_of(2));
}

TEST(Heartbeat, LetsARankComputeForLong) {
  World world(3, 3, 8 * kBeat);
  std::this_thread::sleep_for(24 * kBeatTime);
  for (int rank = 0; rank < 3; ++rank) EXPECT_FALSE(world[rank].has_ended());
  world.ranks_.clear();
}

TEST(Heartbeat, LetsMessagesComeOneByOne) {
  World world(2, 2, 8 * kBeat);
  for (int message = 0; message < 24; ++message) {
    world[1].waiting().begin(Traffic::p, 0, false);
    std::this_thread::sleep_for(kBeatTime);
  }
  EXPECT_FALSE(world[0].has_ended() || world[1].has_ended());
}

// 3 waits for 1, which waits for 2, which computes.
TEST(Heartbeat, BlamesTheRankThatNobodyWaitsBefore) {
  World world(4, 4, 16 * kBeat);
  world[3].waiting().begin(Traffic::p, 1, false);
  std::this_thread::sleep_for(2 * kBeatTime);
  world[1].waiting().begin(Traffic::q, 2, false);
  const Ended ends[] = {world[0].end(), world[1].end(), world[2].end(), world[3].end()};
  for (const int rank : {0, 1, 3}) {
    EXPECT_EQ(ends[rank].code, 3);
    EXPECT_THAT(ends[rank].line, HasSubstr("rank 2 on host host2 was lost ("));
    EXPECT_THAT(ends[rank].line, HasSubstr("waited beyond --timeout 1.6)"));
  }
  EXPECT_THAT(ends[1].line, HasSubstr("for the q message of rank 2\n"));
  EXPECT_THAT(ends[3].line, HasSubstr("for the p message of rank 1\n"));
  EXPECT_THAT(ends[2].line, HasSubstr("rank 2: given up by the other ranks (rank "));
  EXPECT_EQ(ends[2].code, 3);
}

TEST(Heartbeat, TakesAGoodbyeForNoLoss) {
  World world(3, 3, 8 * kBeat);
  world[1].leave();
  std::this_thread::sleep_for(16 * kBeatTime);
  EXPECT_FALSE(world[0].has_ended() || world[2].has_ended());
  world[0].leave();
  std::this_thread::sleep_for(16 * kBeatTime);
  EXPECT_FALSE(world[2].has_ended());
}

TEST(Heartbeat, EndsWithTheCodeOfARankThatFailed) {
  World world(3, 3, 0);
  world[2].heartbeat().fail(2);
  for (const int rank : {0, 1}) {
    const Ended ended = world[rank].end();
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.line, fmt::format("tersegraph: rank {}: ended, for rank 2 has failed\n", rank));
  }
}

/// A rank in a process of its own that never returns to its heartbeat's thread; -1: not started.
pid_t start_process(int rank, std::vector<ControlLinks>& links, double timeout, int error_output) {
  const pid_t child = fork();
  if (child != 0) return child;
  dup2(error_output, STDERR_FILENO);
  for (int other = 0; other < std::ssize(links); ++other) {
    for (const ControlLink& link : links[other].links) {
      if (other != rank) close(link.socket);
    }
  }
  Waiting waiting;
  waiting.begin(Traffic::halo_backward, (rank + 1) % static_cast<int>(links.size()), false);
  const Heartbeat heartbeat({rank, timeout, kBeat}, links[rank], waiting);
  for (;;) pause();
}

class Processes : public ::testing::TestWithParam<std::tuple<int, int>> {};

INSTANTIATE_TEST_SUITE_P(Heartbeat, Processes,
                         ::testing::Combine(::testing::Values(0, 1, 2), ::testing::Values(SIGKILL, SIGSTOP)));

// A process blocked for good ends with code 3, whichever is killed or stopped.
TEST_P(Processes, EndWhenOneIsLost) {
  const auto [lost, signal] = GetParam();
  int output[2];
  ASSERT_EQ(pipe(output), 0);
  std::vector<ControlLinks> links = star(3);
  std::vector<pid_t> children;
  const double timeout = signal == SIGSTOP ? 3 : 0;
  for (int rank = 0; rank < 3; ++rank) children.push_back(start_process(rank, links, timeout, output[1]));
  for (const ControlLinks& each : links) {
    for (const ControlLink& link : each.links) close(link.socket);
  }
  close(output[1]);
  std::this_thread::sleep_for(300ms);
  const Timer timer;
  kill(children[lost], signal);
  for (int ended = 0; ended < 3; ++ended) {
    int status = 0;
    const pid_t child = waitpid(-1, &status, 0);
    const bool killed = child == children[lost] && signal == SIGKILL;
    EXPECT_TRUE(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 3)) << "status " << status;
    // A process that goes on, as mpirun lets it before it ends it, learns that it was given up itself.
    if (ended == 0 && child != children[lost]) kill(children[lost], SIGCONT);
  }
  EXPECT_LT(timer.seconds(), 10 + timeout);

  std::string text;
  char part[1024];
  for (ssize_t came; (came = read(output[0], part, sizeof part)) > 0;) text.append(part, static_cast<size_t>(came));
  close(output[0]);
  for (int rank = 0; rank < 3; ++rank) {
    if (rank == lost) continue;
    EXPECT_THAT(text, HasSubstr(fmt::format("tersegraph: rank {}: rank {} on host host{} was lost", rank, lost, lost)));
    EXPECT_THAT(text, HasSubstr(fmt::format("s for the halo_backward message of rank {}\n", (rank + 1) % 3)));
  }
}

/// A rank that believes the ranks to be on two hosts, so that it goes by the network's addresses.
class Spread final : public testing::ForwardingCommunicator {
 public:
  explicit Spread(Communicator& inner) : ForwardingCommunicator(inner), hosts_(inner.size(), 1) { hosts_[0] = 0; }
  const std::vector<int>& host_of() const override { return hosts_; }

 private:
  std::vector<int> hosts_;
};

bool has_network() {
  ifaddrs* list = nullptr;
  bool found = false;
  if (getifaddrs(&list) != 0) return false;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    found |= each->ifa_addr != nullptr && each->ifa_addr->sa_family == AF_INET && (each->ifa_flags & IFF_UP) != 0 &&
             (each->ifa_flags & IFF_LOOPBACK) == 0;
  }
  freeifaddrs(list);
  return found;
}

class Connections : public ::testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(ControlLinks, Connections, ::testing::Bool());

TEST_P(Connections, JoinEveryRankWithRank0) {
  const bool two_hosts = GetParam();
  if (two_hosts && !has_network()) GTEST_SKIP() << "this machine has no network";
  run_thread_ranks(4, 1, [&](Communicator& inner) {
    Spread spread(inner);
    Communicator& communicator = two_hosts ? spread : inner;
    const ControlLinks result = connect_control(communicator);
    EXPECT_EQ(result.hosts.size(), 4u);
    ASSERT_EQ(result.links.size(), communicator.rank() == 0 ? 3u : 1u);
    for (const ControlLink& link : result.links) {
      const int32_t sent = communicator.rank();
      int32_t came = -1;
      EXPECT_EQ(send(link.socket, &sent, sizeof sent, MSG_NOSIGNAL), static_cast<ssize_t>(sizeof sent));
      pollfd watched{link.socket, POLLIN, 0};
      ASSERT_EQ(poll(&watched, 1, 10000), 1);
      EXPECT_EQ(recv(link.socket, &came, sizeof came, 0), static_cast<ssize_t>(sizeof came));
      EXPECT_EQ(came, link.peer);
    }
    for (const ControlLink& link : result.links) close(link.socket);
  });
}

}  // namespace
}  // namespace tersegraph::testing
