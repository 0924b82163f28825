#pragma once

#include <cstdint>

namespace tersegraph {

/// Asks for a whole row, into the first-level cache.
/// Inlined by force, since g++ 12 takes a function of nothing but prefetches for one without effect and drops the call.
template <class T>
[[gnu::always_inline]] inline void prefetch_row(const T* row, int64_t cols) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t c = 0; c < cols; c += kLine) __builtin_prefetch(row + c, 0, 3);
}

}  // namespace tersegraph
