#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/channel.h"
#include "graph/shard.h"

namespace tersegraph {

/// How far the loss sees: a training step needs the outputs of the training nodes alone, of the layer before also those
/// of their neighbours, and so on. With a shard's rows in this order, those that are needed of h_l come first.
struct Reach {
  std::vector<int64_t> rows;  ///< (layers + 1): of h_l, the input of layer l, the first rows[l] are needed

  int layers() const { return static_cast<int>(rows.size()) - 1; }
};

/// Puts the shard's rows in the order of their reach, central before marginal within, and otherwise as they were. A
/// layer of which nearly all rows are needed counts as needed whole: leaving the few out would cost more locality than
/// it saves. Collective.
Reach order_by_reach(Shard& shard, std::span<const int64_t> training_nodes, int layers, Channel& channel);

}  // namespace tersegraph
