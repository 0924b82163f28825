// How programs end: started by ctest with an ending, which checks the exit code and what is printed (see
// check_ending.cmake).
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/error.h"
#include "comm/collectives.h"
#include "comm/launch.h"

namespace {

using namespace tersegraph;

void wait_forever(Channel& channel, Traffic kind, int peer) {
  std::byte room{};
  channel.wait(kind, channel.receive(peer, kFirstFreeTag, {&room, 1}));
}

void run(const std::string& ending, Communicator& comm) {
  const int last = comm.size() - 1;
  Channel channel(comm);
  if (ending == "agree")
    agree(channel, [&] {
      if (comm.rank() == last) fail_input("no such file");
    });
  if (comm.rank() != last) wait_forever(channel, ending == "slow" ? Traffic::p : Traffic::setup, last);
  if (ending == "lost") raise(SIGKILL);
  if (ending == "slow") sleep(60);
  if (ending == "abort") comm.abort("unused", 3);
  if (ending == "input-error") fail_input("bad word");
  if (ending == "run-error") fail_run("diverged");
}

}  // namespace

int main(int, char** argv) {
  const std::string ending = argv[1];
  if (ending == "settle") {
    settle_wait_policy(4, 4096, argv);
    std::printf("policy %s\n", std::getenv("OMP_WAIT_POLICY"));
    return 0;
  }
  try {
    run_mpi_rank(
        ending == "wrong-ranks" ? 7 : 0, 1, [&](Communicator& comm) { run(ending, comm); }, ending == "slow" ? 2 : 0);
  } catch (const InputError& error) {
    // The launcher ends the others once one has failed: as in the program, rank 0 goes first.
    if (launched_rank() != 0) std::this_thread::sleep_for(std::chrono::seconds(2));
    if (launched_rank() == 0) std::fprintf(stderr, "all ranks: %s\n", error.what());
    return 2;
  }
}
