#pragma once

#include <cstdint>
#include <vector>

#include "augment/node_features.h"
#include "augment/ordered_aggregation.h"
#include "augment/training_rows.h"
#include "base/matrix.h"
#include "data/dataset.h"
#include "graph/shard.h"

namespace tersegraph {

struct AugmentConfig {
  int hops = 3;                           ///< the highest power
  bool last_hop_only = false;             ///< X = A~^hops H alone (SGC), not [H, A~ H, ..., A~^hops H] (GA-MLP)
  RowNorm row_norm = RowNorm::euclidean;  ///< of H
  /// Divides every hop by the root mean square distance of its training rows from their mean (times the square root of
  /// the number of hops in X): smoothing shrinks features, and a ridge would mistake what is small for what matters
  /// little.
  bool scale_hops = true;
};

/// Rows of X: sparse where that is smaller, on all ranks or on none.
using AugmentedRows = Features;

/// X = [s_0 H, s_1 A~ H, ..., s_K A~^K H] over node shards: never formed whole. Every number is the same, bit for bit,
/// for any number of ranks and threads and any partition: sums over neighbours go in global id order.
class AugmentedFeatures {
 public:
  /// Collective. `features` are those of all nodes, of which this rank takes its own. `shard` holds A~'s rows of this
  /// rank's nodes; `training`: the training nodes of all ranks (global ids), whose rows decide the scales s_k. `shard`
  /// and `channel` must outlive this. Exchanges count as Traffic::placement. Errors: InputError for what does not fit
  /// together, or when rows grow out of fp32.
  AugmentedFeatures(const Features& features, const Shard& shard, const std::vector<int64_t>& training,
                    Channel& channel, const AugmentConfig& config);

  int64_t cols() const { return width() * static_cast<int64_t>(training_.scales.size()); }
  /// One a hop in X; the same on all ranks.
  const std::vector<float>& scales() const { return training_.scales; }

  /// Global ids of the training nodes that this rank owns, in the order of `training`.
  const std::vector<int64_t>& training_ids() const { return training_ids_; }
  /// Their rows (training_ids().size(), cols()).
  const AugmentedRows& training_rows() const { return training_.rows; }

  /// y = X w for the owned nodes; w (cols(), n) the same on all ranks, y (owned, n). By Horner's rule, so that what is
  /// wide stays sparse and rows of n numbers travel (Traffic::evaluation). Collective.
  void multiply(ConstMatrixView w, MatrixView y);

 private:
  int64_t width() const { return features_.rows().cols(); }

  AugmentConfig config_;
  NodeFeatures features_;
  OrderedAggregation aggregation_;
  std::vector<int64_t> training_ids_;
  TrainingRows training_;
  Matrix scaled_, other_;
};

/// Turns a first weight (cols, n) that meets scaled hops into one that meets hops as they are, or, with `back`, the
/// reverse.
void fold_scales(const std::vector<float>& scales, MatrixView weight, bool back);

}  // namespace tersegraph
