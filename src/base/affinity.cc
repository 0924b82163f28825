#include "base/affinity.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace tersegraph {

int allowed_cores(pid_t process) {
  cpu_set_t set;
  if (sched_getaffinity(process, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace tersegraph
