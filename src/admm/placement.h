#pragma once

#include <cstdint>
#include <vector>

#include "admm/rank_axes.h"
#include "augment/augmented_features.h"
#include "comm/channel.h"

namespace tersegraph {

/// Brings the training rows from the ranks that own their nodes to those of the first layer: there its shard of them
/// (see ColumnShards), of `cols` columns, in the order of `training`; nothing elsewhere (Traffic::placement). `ids` are
/// the global ids of this rank's `rows`, in the order of `training`. Sparse rows travel sparse. Collective.
Matrix place_training_rows(const AugmentedRows& rows, const std::vector<int64_t>& ids,
                           const std::vector<int64_t>& training, int64_t cols, RankAxes axes, Channel& channel);

}  // namespace tersegraph
