#pragma once

#include <functional>

#include "base/csr.h"
#include "base/matrix.h"

namespace tersegraph {

// What the measurements of a machine have in common.

constexpr int64_t kFewDegree = 4;  ///< entries of rows that are short beside others

/// Seconds of processor time of this thread so far.
double processor_seconds();

/// The seconds of processor time that one call on one thread usually takes: what else runs on the machine counts
/// little, and the best call of many is one that no epoch has.
double usual(const std::function<void()>& work);

/// Numbers by chance, the same every time.
Matrix filled(int64_t rows, int64_t cols);

/// Columns by chance: a gather of rows that come again after `cols` gathers on average.
Csr by_chance(int64_t rows, int64_t cols, int64_t degree);

}  // namespace tersegraph
