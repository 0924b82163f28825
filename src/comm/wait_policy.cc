#include <unistd.h>

#include <cstdlib>

#include "base/affinity.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

constexpr const char* kGuard = "TERSEGRAPH_WAIT_POLICY_SETTLED";

/// A launcher that binds each rank to cores of its own leaves fewer than the host has.
bool oversubscribed(int ranks, int threads) {
  if (launched_ranks() == 0) return ranks * threads > allowed_cores();
  return threads > allowed_cores() || ranks * threads > sysconf(_SC_NPROCESSORS_ONLN);
}

}  // namespace

void settle_wait_policy(int ranks_on_this_host, int threads, char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  if (std::getenv(kGuard) != nullptr || threads < 2 || !oversubscribed(ranks_on_this_host, threads)) return;
  // Not a short spin (GOMP_SPINCOUNT), which makes small regions two thirds slower under MPI. Ranks that are
  // threads gain little: libgomp counts the threads of its own process and spins less by itself.
  setenv("OMP_WAIT_POLICY", "passive", 1);
  setenv(kGuard, "1", 1);
  execv("/proc/self/exe", argv);
  unsetenv("OMP_WAIT_POLICY");  // the program goes on, only slower
}

}  // namespace tersegraph
