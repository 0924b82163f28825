#pragma once

#include <sys/types.h>

namespace tersegraph {

/// Cores that a process (0: this one) may run on, at least 1; those of the machine where that cannot be told.
int allowed_cores(pid_t process = 0);

}  // namespace tersegraph
