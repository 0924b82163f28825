#pragma once

#include <cstdint>

#include "base/csr.h"

namespace tersegraph {

/// Rows of y = a x, or y += a x, for one thread: row k of the result, of rows begin..end, is row `rows[k]` of a, or row
/// k where `rows` is null, and goes to y + k * cols. X: float or Bf16.
template <class X>
struct SpmmTask {
  CsrView a;
  const X* x;
  const int32_t* rows;
  float* y;
  int64_t cols;
  int64_t begin, end;
  bool accumulate;
  bool stream;
  int64_t distance = 0;  ///< how many entries ahead neighbours are asked for
};

}  // namespace tersegraph
