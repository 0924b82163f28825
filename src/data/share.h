#pragma once

#include <memory>

#include "data/dataset.h"

namespace tersegraph {

/// A dataset that can be changed: a copy of `dataset` but for its matrices (dense features, targets), which are
/// borrowed.
Dataset share(const std::shared_ptr<const Dataset>& dataset);

}  // namespace tersegraph
