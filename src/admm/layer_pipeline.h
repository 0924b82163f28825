#pragma once

#include <cstdint>
#include <vector>

#include "admm/column_shards.h"
#include "admm/config.h"
#include "admm/layer_block.h"
#include "admm/link.h"
#include "admm/mlp.h"
#include "admm/objective.h"
#include "admm/rank_axes.h"
#include "admm/z_update.h"
#include "base/saved_state.h"
#include "base/timer.h"
#include "comm/channel.h"

namespace tersegraph {

/// The training columns. Every rank knows the sizes and its shard's labels; x is read on the ranks of the first layer
/// alone.
struct AdmmInput {
  ConstMatrixView x;                ///< (the shard's columns, inputs)
  const int32_t* labels = nullptr;  ///< of the shard's columns
  int64_t columns = 0;              ///< of all shards
  int64_t inputs = 0, classes = 0;
};

/// The layers of all ranks, in consecutive blocks; the training columns of a block in consecutive shards
/// (column_shards.h) where `nodes` of the axes is above 1. p_{l+1} goes down to layer l, q_l goes up to layer l + 1,
/// each between the ranks of one shard; u_l is computed at both ends. Messages travel while other subproblems run.
/// Every layer's numbers are the same, bit for bit, for any number of threads and of blocks, and up to the order of
/// sums for any number of shards.
class LayerPipeline {
 public:
  /// `input` and `channel` must outlive this. `nodes`: ranks that the training columns are cut over; divides the ranks.
  LayerPipeline(const AdmmConfig& config, const AdmmInput& input, Channel& channel, int nodes = 1);
  ~LayerPipeline();
  LayerPipeline(const LayerPipeline&) = delete;
  LayerPipeline& operator=(const LayerPipeline&) = delete;

  /// Grows the network to `layers` by identity layers before the last one, which for ReLU leaves its function as it
  /// was; spreads the layers over the ranks again; and sets p, z and q by a forward pass, u to 0. Collective.
  void grow(int layers);

  /// Adds to rank 0's state all variables of all layers, and what their subproblems remember. Collective.
  void save(SavedState& state);
  /// Becomes the network that was saved, whatever ranks held it. Collective. Errors: RunError for one of other sizes.
  void load(const SavedState& state, int layers);

  /// One iteration of every layer. Collective.
  void iterate(PhaseSeconds& seconds);

  /// Ends all messages that are under way; before the channel is used for anything that is not this pipeline's.
  /// Collective.
  void settle();

  /// What the layers add to the Lagrangian, in order, on every rank. Collective.
  std::vector<LayerTerms> terms();

  /// All layers' weights, on every rank; `mlp` keeps its memory over calls. Collective.
  void gather_weights(Mlp& mlp);

  /// Bytes that p and q take in one iteration on all links of all shards, whether or not they join ranks.
  int64_t link_bytes() const;

  int layers() const { return layers_total_; }
  /// This rank's layers are number first_layer() .. first_layer() + blocks().size() - 1, from 0.
  int first_layer() const { return begin_[block_]; }
  std::vector<LayerBlock>& blocks() { return blocks_; }

 private:
  int block_of(int layer) const;
  int below() const { return axes_.rank_of(block_ - 1, shard_); }
  int above() const { return axes_.rank_of(block_ + 1, shard_); }
  bool cut() const { return axes_.nodes > 1; }
  bool joins_lower() const { return !blocks_.empty() && !blocks_.front().first; }
  bool joins_upper() const { return !blocks_.empty() && !blocks_.back().last; }
  std::vector<int> spread(int layers);
  std::vector<LayerBlock> make_blocks(const std::vector<int>& begin, int layers);
  LayerBlock make_block(int layer, int layers);
  void draw_weights(LayerBlock& block, int layer);
  void move_weights(std::vector<LayerBlock>& next, const std::vector<int>& next_begin, int layers);
  void make_links();
  std::vector<std::byte> bring_to_first(int rank, std::vector<std::byte> bytes);
  void forward_pass();
  ConstMatrixView q_of(int index) const;
  ConstMatrixView u_of(int index) const;
  ConstMatrixView p_above(int index) const;
  template <class Task>
  void for_each_layer(Task&& task);
  void update_p();
  void solve_layer_p(int index);
  void update_weights_and_z();
  void update_q_and_u();
  void finish_lower_q();

  const AdmmConfig& config_;
  const AdmmInput& input_;
  Channel& channel_;
  RankAxes axes_;
  int block_, shard_;      ///< this rank's place on them
  Channel block_channel_;  ///< to the ranks of the same layers
  ColumnShards columns_;
  HiddenUpdate hidden_update_;
  int layers_total_ = 0;
  std::vector<int> begin_;
  std::vector<LayerBlock> blocks_;
  std::vector<LinkMessage> p_down_, q_up_;  ///< of each block: its p to the layer below, its q to the layer above
  std::vector<LinkMessage> from_above_, from_below_;  ///< one or none: the neighbouring ranks' p and q
  Matrix upper_p_, lower_q_, lower_u_;
};

}  // namespace tersegraph
