#pragma once

#include <cstdint>

#include "base/csr.h"

namespace tersegraph {

/// What this machine reaches at one kind of work, on the calling rank's threads.
struct Roof {
  double mean = 0.0;  ///< over all repetitions: where they are spread as what it stands beside, load costs both alike
  double best = 0.0;  ///< of one repetition
};

struct GemmShape {
  int64_t rows = 2048, inner = 2048, cols = 2048;
};

/// GFLOP/s of oneDNN's sgemm on row-major fp32 matrices, one product after the other for `milliseconds`, at least one.
Roof gemm_roof(double milliseconds, GemmShape shape = {});

/// GB/s of rows of `cols` fp32 that the entries of `a` name, in the order of its rows, when one word of every cache
/// line is added up: the faster one of a plain loop and one that asks for lines ahead. A yardstick for SpMM, no bound:
/// one that keeps more lines under way can be faster.
Roof gather_roof(CsrView a, int64_t cols, double milliseconds);

/// GB/s read and written by memcpy, and GB/s read, in blocks on all threads, over arrays that no cache holds.
Roof copy_roof(double milliseconds);
Roof read_roof(double milliseconds);

}  // namespace tersegraph
