#include "train/gradient_learner.h"

#include "base/error.h"
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

/// All ranks hold the same, so rank 0's is everybody's.
void GradientLearner::save(SavedState& state) {
  if (channel_.rank() != 0) return;
  state.set_values("parameters", parameters_.values().data(), parameters_.size());
  state.set_values("best_parameters", best_values_);
  state.set("optimizer/steps", optimizer_->steps());
  for (const auto& [name, values] : optimizer_->state()) {
    state.set_values("optimizer/" + name, values.data(), std::ssize(values));
  }
}

void GradientLearner::load(const SavedState& state) {
  state.read_values("parameters", parameters_.values());
  best_values_ = state.values<float>("best_parameters");
  if (!best_values_.empty() && std::ssize(best_values_) != parameters_.size()) {
    fail_run("the checkpoint's best weights are of another model");
  }
  optimizer_->steps() = state.get<int64_t>("optimizer/steps");
  for (const auto& [name, values] : optimizer_->state()) state.read_values("optimizer/" + name, values);
}

}  // namespace tersegraph
