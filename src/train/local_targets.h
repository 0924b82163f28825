#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/channel.h"
#include "data/dataset.h"
#include "graph/shard.h"
#include "kernels/loss.h"
#include "train/config.h"

namespace tersegraph {

/// This rank's share of the labels and of the split, by local row.
struct LocalTargets : Labels {
  std::vector<int64_t> train, val, test;  ///< local rows, ascending
};

/// `labels`: of the owned nodes, by local row. Of the split, nodes that the shard does not own are left out.
LocalTargets make_local_targets(Labels labels, const Split& split, const Shard& shard);

/// The targets of some local rows, all of them training rows.
LocalTargets training_part(const LocalTargets& targets, std::span<const int32_t> rows);

inline RowSelection select(const std::vector<int64_t>& rows) {
  return {rows.data(), static_cast<int64_t>(rows.size())};
}

/// The training loss: a mean over the training nodes of all ranks (and over the outputs, for the element-wise losses).
class TrainingLoss {
 public:
  /// Collective. Errors: InputError when the loss does not fit the task, class weights do not fit their number, or no
  /// training node has weight.
  TrainingLoss(LossKind kind, std::vector<float> class_weights, const LocalTargets& targets, Channel& channel);

  /// This rank's part of the mean (the parts add up to it); overwrites grad with its gradient, zero outside the
  /// training rows.
  double operator()(ConstMatrixView outputs, MatrixView grad) const;

 private:
  LossKind kind_;
  std::vector<float> class_weights_;
  const LocalTargets& targets_;
  double scale_ = 1.0;
};

}  // namespace tersegraph
