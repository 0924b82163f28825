#pragma once

#include <cstdint>

namespace tersegraph {

/// Which of x (cols) are above 0, a bit each, the first in the lowest bit of bits[0]. bits ((cols + 7) / 8).
void pack_positive(const float* x, int64_t cols, uint8_t* bits);

/// Makes x say what pack_positive was told: 0 where a bit is 0, above 0 where it is 1. Rounding may have lost that.
void restore_positive(const uint8_t* bits, int64_t cols, float* x);

}  // namespace tersegraph
