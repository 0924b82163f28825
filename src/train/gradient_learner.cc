#include "train/gradient_learner.h"

#include "comm/collectives.h"
#include "train/input_errors.h"

namespace tersegraph {

void GradientLearner::start() {
  schedule_ = agree_on_input(channel_, [&] { return Schedule::parse(config_.schedule); });
  optimizer_ = make_optimizer(config_.optimizer, parameters_);
  best_values_.clear();
}

void GradientLearner::train_epoch(EpochMetrics& metrics) {
  metrics.learning_rate = config_.learning_rate * schedule_.factor(metrics.epoch - 1, config_.epochs);
  loss_part_ = compute_gradients(metrics.epoch, metrics.seconds);
  {
    PhaseTimer timer(metrics.seconds, "all_reduce");
    all_reduce_sum(channel_, Traffic::all_reduce, parameters_.gradients());
  }
  PhaseTimer timer(metrics.seconds, "optimizer");
  optimizer_->step(static_cast<float>(metrics.learning_rate));
}

void GradientLearner::restore_best() {
  if (!best_values_.empty()) parameters_.restore_values(best_values_);
}

}  // namespace tersegraph
