#pragma once

#include <cstdint>

namespace tersegraph {

/// Asks for a whole row, into the second-level cache: the first cannot have enough lines under way at a time.
inline void prefetch_row(const float* row, int64_t cols) {
  for (int64_t c = 0; c < cols; c += 16) __builtin_prefetch(row + c, 0, 2);
}

}  // namespace tersegraph
