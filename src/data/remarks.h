#pragma once

#include <string>
#include <vector>

#include "data/dataset_rows.h"

namespace tersegraph {

/// What training on a valid dataset would stumble over, a line each, with what to do: no features, labels or split;
/// nodes without a feature, columns that are all zero, values far from 1; classes without a training node.
std::vector<std::string> remarks(const DatasetRows& rows);

}  // namespace tersegraph
