#include "augment/augmented_features.h"

#include <utility>

#include "base/error.h"

namespace tersegraph {
namespace {

const Features& checked(const Features& features, const Shard& shard, const Channel& channel,
                        const AugmentConfig& config) {
  if (shard.ranks != channel.size()) {
    fail_input("the partition has {} parts, but there are {} ranks", shard.ranks, channel.size());
  }
  if (features.rows() != shard.global_nodes) {
    fail_input("the graph has {} nodes, but the features have {} rows", shard.global_nodes, features.rows());
  }
  if (config.hops < 0) fail_input("--hops {}: give 0 (the features alone) or more", config.hops);
  return features;
}

struct OwnedIds {
  std::vector<int64_t> ids, rows;  ///< global, local
};

/// Those of `ids` that this rank owns, in their order.
OwnedIds find_owned(const std::vector<int64_t>& ids, const Shard& shard) {
  std::vector<int32_t> row_of(static_cast<size_t>(shard.global_nodes), -1);
  for (size_t i = 0; i < shard.owned.size(); ++i) row_of[shard.owned[i]] = static_cast<int32_t>(i);
  OwnedIds owned;
  for (const int64_t id : ids) {
    if (id < 0 || id >= shard.global_nodes) {
      fail_input("training node {} of a graph of {} nodes; nodes count from 0", id, shard.global_nodes);
    }
    if (row_of[id] < 0) continue;
    owned.ids.push_back(id);
    owned.rows.push_back(row_of[id]);
  }
  return owned;
}

}  // namespace

AugmentedFeatures::AugmentedFeatures(const Features& features, const Shard& shard, const std::vector<int64_t>& training,
                                     Channel& channel, const AugmentConfig& config)
    : config_(config),
      features_(checked(features, shard, channel, config), shard.owned, config.row_norm),
      aggregation_(shard, channel) {
  OwnedIds owned = find_owned(training, shard);
  training_ids_ = std::move(owned.ids);
  training_ = compute_training_rows(features_.rows(), aggregation_, owned.rows,
                                    {config.hops, config.last_hop_only, config.scale_hops}, channel);
}

void AugmentedFeatures::multiply(ConstMatrixView w, MatrixView y) {
  // s_0 H W_0 + A~ (s_1 H W_1 + A~ (s_2 H W_2 + ...)), between y and other_ so that the last sum is y's.
  other_.reshape(y.rows, y.cols);
  scaled_.reshape(width(), w.cols);
  MatrixView sum = config_.hops % 2 == 0 ? y : other_, next = config_.hops % 2 == 0 ? other_ : y;
  for (int k = config_.hops; k >= 0; --k) {
    if (k < config_.hops) {
      aggregation_.forward(sum, next, Traffic::evaluation);
      std::swap(sum, next);
      if (config_.last_hop_only) continue;
    }
    const int64_t block = config_.last_hop_only ? 0 : k;
    const float* w_k = w.row(block * width());
    for (int64_t i = 0; i < scaled_.size(); ++i) scaled_.data()[i] = training_.scales[block] * w_k[i];
    features_.multiply(scaled_, sum, k < config_.hops ? Write::accumulate : Write::overwrite);
  }
}

void fold_scales(const std::vector<float>& scales, MatrixView weight, bool back) {
  const int64_t rows = weight.rows / std::ssize(scales);
  for (int64_t i = 0; i < weight.rows; ++i) {
    const float factor = back ? 1.0f / scales[i / rows] : scales[i / rows];
    for (int64_t c = 0; c < weight.cols; ++c) weight(i, c) *= factor;
  }
}

}  // namespace tersegraph
