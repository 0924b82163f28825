#include "data/memory_limit.h"

#include <unistd.h>

#include "base/error.h"

namespace tersegraph {

void check_fits_in_memory(uint64_t bytes, const std::string& what) {
  static const uint64_t memory =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (bytes <= memory) return;
  constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
  fail_input("{} needs {:.1f} GiB of memory, and this machine has {:.1f} GiB", what, static_cast<double>(bytes) / kGiB,
             static_cast<double>(memory) / kGiB);
}

}  // namespace tersegraph
