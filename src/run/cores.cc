#include "run/cores.h"

#include <unistd.h>

#include <algorithm>
#include <latch>
#include <system_error>
#include <thread>
#include <vector>

#include "base/affinity.h"
#include "base/error.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

// What all ranks of this host have together. A launcher binds its children, not itself.
int shared_cores() {
  return std::max(allowed_cores(), launched_ranks() > 1 ? allowed_cores(getppid()) : 0);
}

}  // namespace

int cores_per_rank(int ranks_here) {
  return std::clamp(shared_cores() / ranks_here, 1, allowed_cores());
}

int cores_lost_to_binding(int ranks_here) {
  return std::max(1, shared_cores() / ranks_here) - cores_per_rank(ranks_here);
}

void try_threads(int count) {
  std::latch all_run(count);
  std::vector<std::jthread> threads;
  try {
    while (std::ssize(threads) < count) threads.emplace_back([&all_run] { all_run.arrive_and_wait(); });
  } catch (const std::system_error&) {
    all_run.count_down(count - std::ssize(threads));
    fail_run("{} threads cannot be started: memory or the number of threads is limited too tightly (ulimit -v, -u)",
             count);
  }
}

}  // namespace tersegraph
