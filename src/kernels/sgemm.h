#pragma once

#include <cstdint>

namespace tersegraph {

/// c (m, n) = alpha op(a) (m, k) op(b) (k, n) + beta c, row-major, rows so many numbers apart as the strides say; op
/// transposes where the letter is 'T' and not 'N'. By oneDNN, on the calling thread alone. Error: RunError, as when
/// there is no memory.
struct Sgemm {
  char transpose_a = 'N', transpose_b = 'N';
  int64_t m = 0, n = 0, k = 0;
  float alpha = 1.0f;
  const float* a = nullptr;
  int64_t a_stride = 0;
  const float* b = nullptr;
  int64_t b_stride = 0;
  float beta = 0.0f;
  float* c = nullptr;
  int64_t c_stride = 0;

  void run() const;
};

}  // namespace tersegraph
