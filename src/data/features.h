#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"

namespace tersegraph {

/// Divides every row by its sum, as Kipf and Welling do with bags of words; rows of sum 0 stay.
/// Borrowed ones become a copy.
void normalize_rows(Features& features);

/// Rows of x, which stay sparse or dense; dense ones get room for `room` more beneath. Sparse ones have values.
Features take_rows(const Features& x, std::span<const int64_t> rows, int64_t room = 0);

}  // namespace tersegraph
