#pragma once

#include <cstdint>

namespace tersegraph {

/// z[i] <- the least of (z - h)^2 + (z - old)^2 + (q - f(z))^2 for i in 0..count-1, f(z) = max(z, slope z), 0 <= slope
/// < 1; z holds the old values. Each sign's parabola is least where these stand, and the better of the two is the
/// answer: min((h + old + slope q) / (2 + slope^2), 0) and max((h + old + q) / 3, 0). On the calling thread.
void two_branch_minimum(float slope, const float* h, const float* q, float* z, int64_t count);

/// The same in plain loops.
void two_branch_minimum_reference(float slope, const float* h, const float* q, float* z, int64_t count);

}  // namespace tersegraph
