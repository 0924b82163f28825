#pragma once

// Included before Highway by kernels whose accumulators stand in arrays, which vectors of unknown length cannot. SSSE3 is left
// out because processors that have it and not SSE4 are rarer than the time to compile it is worth.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
