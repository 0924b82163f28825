#pragma once

#include <cstdint>

#include "base/csr.h"

namespace tersegraph {

/// Rows [begin, end) of y = a x, or y += a x, for one thread. Row i of the result goes to y + i * cols.
struct SpmmTask {
  CsrView a;
  const float* x;
  float* y;
  int64_t cols;
  int64_t begin, end;
  bool accumulate;
  bool stream;
};

}  // namespace tersegraph
