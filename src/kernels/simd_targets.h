#pragma once

// Which instruction sets kernels are compiled for; stands before anything of Highway. Accumulators stand in arrays, which vectors
// of unknown length cannot. SSSE3 is left out because processors that have it and not SSE4 are rarer than the time to compile it
// is worth.
#ifdef HWY_TARGETS
#error "include kernels/simd_targets.h before Highway's headers"
#endif
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#include "hwy/targets.h"
