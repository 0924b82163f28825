#pragma once

#include <cstdint>
#include <vector>

#include "augment/augmented_features.h"
#include "comm/channel.h"

namespace tersegraph {

/// Brings the training rows of all node shards to the rank of the first layer, rank 0: (training.size(), cols) there,
/// in the order of `training`; nothing elsewhere (Traffic::placement). `ids` are the global ids of this rank's `rows`.
/// Sparse rows travel sparse. Collective.
Matrix gather_training_rows(const AugmentedRows& rows, const std::vector<int64_t>& ids,
                            const std::vector<int64_t>& training, int64_t cols, Channel& channel);

/// Rank 0's matrix on every rank; the others pass any. Collective.
void broadcast(Matrix& matrix, Traffic kind, Channel& channel);

}  // namespace tersegraph
