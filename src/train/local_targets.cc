#include "train/local_targets.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "base/error.h"
#include "comm/collectives.h"
#include "data/rank_data.h"

namespace tersegraph {
namespace {

LossKind loss_of(Task task) {
  switch (task) {
    case Task::multiclass:
      return LossKind::cross_entropy;
    case Task::multilabel:
      return LossKind::binary_cross_entropy;
    case Task::regression:
      return LossKind::squared_error;
  }
  fail_input("unknown task");
}

void check_loss(LossKind kind, Task task) {
  if (kind == LossKind::cross_entropy && task != Task::multiclass) {
    fail_input("--loss ce needs one class a node, but the labels are {}: use --loss {}",
               task == Task::multilabel ? "multi-label" : "numbers", task == Task::multilabel ? "bce" : "mse");
  }
  if (kind != LossKind::cross_entropy && task == Task::multiclass) {
    fail_input("--loss bce and --loss mse need a row of targets a node, but the labels are classes: use --loss ce");
  }
  if (kind == LossKind::binary_cross_entropy && task == Task::regression) {
    fail_input("--loss bce needs labels of 0 and 1, but they are numbers: use --loss mse");
  }
}

/// Of nodes, those that the shard owns, as ascending local rows. `by_id`: the local rows by their global ids.
std::vector<int64_t> local_part(const std::vector<int64_t>& nodes, const std::vector<int32_t>& by_id,
                                const Shard& shard) {
  std::vector<int64_t> rows;
  size_t at = 0;
  for (const int64_t node : nodes) {
    while (at < by_id.size() && shard.owned[by_id[at]] < node) ++at;
    if (at < by_id.size() && shard.owned[by_id[at]] == node) rows.push_back(by_id[at]);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

LocalTargets make_local_targets(Labels labels, const Split& split, const Shard& shard) {
  LocalTargets local{std::move(labels), {}, {}, {}};
  std::vector<int32_t> by_id(shard.owned.size());
  std::iota(by_id.begin(), by_id.end(), 0);
  std::sort(by_id.begin(), by_id.end(), [&](int32_t i, int32_t j) { return shard.owned[i] < shard.owned[j]; });
  local.train = local_part(split.train, by_id, shard);
  local.val = local_part(split.val, by_id, shard);
  local.test = local_part(split.test, by_id, shard);
  return local;
}

LocalTargets training_part(const LocalTargets& targets, std::span<const int32_t> rows) {
  const std::vector<int64_t> wide(rows.begin(), rows.end());
  LocalTargets part{take_rows(targets, wide), {}, {}, {}};
  part.train.resize(rows.size());
  std::iota(part.train.begin(), part.train.end(), int64_t{0});
  return part;
}

TrainingLoss::TrainingLoss(LossKind kind, std::vector<float> class_weights, const LocalTargets& targets,
                           Channel& channel)
    : kind_(kind == LossKind::automatic ? loss_of(targets.task) : kind),
      class_weights_(std::move(class_weights)),
      targets_(targets) {
  check_loss(kind_, targets.task);
  if (!class_weights_.empty() && static_cast<int64_t>(class_weights_.size()) != targets.outputs) {
    fail_input("--class-weights gives {} numbers for {} classes", class_weights_.size(), targets.outputs);
  }
  double total = 0.0;
  for (const int64_t i : targets.train) {
    const bool weighted = kind_ == LossKind::cross_entropy && !class_weights_.empty();
    total += weighted ? class_weights_[targets.classes[i]] : 1.0;
  }
  if (kind_ != LossKind::cross_entropy) total *= static_cast<double>(targets.outputs);
  all_reduce_sum(channel, Traffic::setup, std::span(&total, 1));
  if (!(total > 0.0))
    fail_input("the training nodes have no weight: --class-weights must be above 0 for their classes");
  scale_ = 1.0 / total;
}

double TrainingLoss::operator()(ConstMatrixView outputs, MatrixView grad) const {
  const float* weights = class_weights_.empty() ? nullptr : class_weights_.data();
  const RowSelection rows = select(targets_.train);
  const auto scale = static_cast<float>(scale_);
  switch (kind_) {
    case LossKind::binary_cross_entropy:
      return scale_ * binary_cross_entropy(outputs, targets_.targets, weights, rows, scale, grad);
    case LossKind::squared_error:
      return scale_ * squared_error(outputs, targets_.targets, rows, scale, grad);
    default:
      return scale_ * softmax_cross_entropy(outputs, targets_.classes.data(), weights, rows, scale, grad);
  }
}

}  // namespace tersegraph
