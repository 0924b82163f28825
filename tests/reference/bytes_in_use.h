#pragma once

#include <malloc.h>

#include <cstdint>

namespace tersegraph::reference {

/// Bytes of the heap that are allocated now; 0 where the allocator does not count.
inline int64_t bytes_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

}  // namespace tersegraph::reference
