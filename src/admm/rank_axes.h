#pragma once

namespace tersegraph {

/// The ranks of training by ADMM on two axes: blocks of layers, and shards of the training nodes. The ranks of one
/// block have consecutive numbers, since they exchange most: on one host, where that can be.
struct RankAxes {
  int layers = 1;  ///< ranks that layers are spread over
  int nodes = 1;   ///< ranks that the training nodes of each layer are cut over

  int block_of(int rank) const { return rank / nodes; }
  int shard_of(int rank) const { return rank % nodes; }
  int rank_of(int block, int shard) const { return block * nodes + shard; }
};

}  // namespace tersegraph
