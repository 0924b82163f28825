#pragma once

#include "augment/augmented_features.h"
#include "train/memory.h"

namespace tersegraph {

/// What augmented features take, whatever is trained on them.
struct AugmentMemory {
  std::vector<MemoryPrediction::Item> items;  ///< program, dataset, operator, features and training rows
  int64_t computing = 0;                      ///< more than that, while the training rows are computed
  bool training_sparse = false;               ///< the training rows are kept sparse
};
/// `dropout`: of the input.
AugmentMemory augment_memory(const Dataset& dataset, const Split& split, const AugmentConfig& config, float dropout,
                             const ProcessPart& part);

}  // namespace tersegraph
