#pragma once

#include "data/dataset.h"

namespace tersegraph {

/// Divides every row by its sum, as Kipf and Welling do with bags of words; rows of sum 0 stay.
/// Borrowed ones become a copy.
void normalize_rows(Features& features);

}  // namespace tersegraph
