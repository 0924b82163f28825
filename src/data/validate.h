#pragma once

#include <cstdint>
#include <string>

#include "data/dataset.h"

namespace tersegraph {

/// A weight a column is the least that a model needs: more are a mistake.
constexpr int64_t kMostFeatures = int64_t{1} << 27;

/// validate() with messages that start with `where`: the path of a file, say.
void validate(const Dataset& dataset, const std::string& where);

/// Its labels, splits and node ids.
void validate_node_data(const Dataset& dataset, const std::string& where);

/// One split: ids ascend and exist, sets do not overlap, every node has a label.
void validate_split(const Dataset& dataset, const Split& split, const std::string& where);

}  // namespace tersegraph
