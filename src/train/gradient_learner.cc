#include "train/gradient_learner.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "comm/collectives.h"
#include "train/input_errors.h"

namespace tersegraph {
namespace {

const std::string kLostPart = "reduce/lost";

}  // namespace

void GradientLearner::start() {
  schedule_ = agree_on_input(channel_, [&] { return Schedule::parse(config_.schedule); });
  optimizer_ = make_optimizer(config_.optimizer, parameters_);
  best_values_.clear();
  rounded_sum_.reset();
  if (config_.reduce_bits < 32) rounded_sum_.emplace(channel_, Traffic::all_reduce, config_.reduce_bits);
}

void GradientLearner::sum_gradients(int64_t epoch) {
  if (rounded_sum_) return (*rounded_sum_)(parameters_.gradients(), config_.seed, epoch);
  all_reduce_sum(channel_, Traffic::all_reduce, parameters_.gradients());
}

void GradientLearner::train_epoch(EpochMetrics& metrics) {
  metrics.learning_rate = config_.learning_rate * schedule_.factor(metrics.epoch - 1, config_.epochs);
  loss_part_ = compute_gradients(metrics.epoch, metrics.seconds);
  {
    PhaseTimer timer(metrics.seconds, "all_reduce");
    sum_gradients(metrics.epoch);
  }
  PhaseTimer timer(metrics.seconds, "optimizer");
  optimizer_->step(static_cast<float>(metrics.learning_rate));
}

void GradientLearner::restore_best() {
  if (!best_values_.empty()) parameters_.restore_values(best_values_);
}

/// All ranks hold the same but for what rounding lost, so rank 0's is everybody's.
void GradientLearner::save(SavedState& state) {
  save_lost(state);
  if (channel_.rank() != 0) return;
  state.set_values("parameters", parameters_.values().data(), parameters_.size());
  state.set_values("best_parameters", best_values_);
  state.set("optimizer/steps", optimizer_->steps());
  for (const auto& [name, values] : optimizer_->state()) {
    state.set_values("optimizer/" + name, values.data(), std::ssize(values));
  }
}

/// Of every rank, one after the other.
void GradientLearner::save_lost(SavedState& state) {
  if (!rounded_sum_ || rounded_sum_->lost().empty()) return;
  std::vector<std::byte> all;
  for (const auto& rank : all_gather(channel_, Traffic::setup, std::as_bytes(rounded_sum_->lost()))) {
    all.insert(all.end(), rank.begin(), rank.end());
  }
  if (channel_.rank() == 0) state.set_bytes(kLostPart, std::move(all));
}

/// Of other ranks than then, the first one sends all that is still due.
void GradientLearner::load_lost(const SavedState& state) {
  if (!rounded_sum_ || !state.has(kLostPart)) return;
  const auto all = state.values<float>(kLostPart);
  const size_t size = parameters_.gradients().size(), ranks = all.size() / (2 * size);
  if (all.size() != 2 * size * ranks) fail_run("the checkpoint's losses of rounding are of another model");
  std::vector<float> mine(2 * size, 0.0f);
  if (ranks == static_cast<size_t>(channel_.size())) {
    std::copy_n(all.begin() + channel_.rank() * 2 * size, 2 * size, mine.begin());
  } else if (channel_.rank() == 0) {
    for (size_t i = 0; i < all.size(); ++i) mine[i % size] += all[i];
  }
  rounded_sum_->restore(std::move(mine));
}

void GradientLearner::load(const SavedState& state) {
  state.read_values("parameters", parameters_.values());
  best_values_ = state.values<float>("best_parameters");
  if (!best_values_.empty() && std::ssize(best_values_) != parameters_.size()) {
    fail_run("the checkpoint's best weights are of another model");
  }
  load_lost(state);
  optimizer_->steps() = state.get<int64_t>("optimizer/steps");
  for (const auto& [name, values] : optimizer_->state()) state.read_values("optimizer/" + name, values);
}

}  // namespace tersegraph
