#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "comm/rounded_sum.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"
#include "train/config.h"
#include "train/epoch_loop.h"

namespace tersegraph {

/// Training by back-propagation: an epoch is one step of the optimizer on gradients summed over the ranks.
class GradientLearner : public Learner {
 public:
  void start() override;
  void train_epoch(EpochMetrics& metrics) override;
  double loss(EpochMetrics&) override { return loss_part_; }
  void save_best() override { parameters_.save_values(best_values_); }
  void restore_best() override;
  void save(SavedState& state) override;
  void load(const SavedState& state) override;

 protected:
  /// All must outlive this; the configuration is not read before start().
  GradientLearner(const TrainingConfig& config, Parameters& parameters, Channel& channel)
      : config_(config), parameters_(parameters), channel_(channel) {}

  /// Forward, loss and backward: leaves this rank's part of the gradients and returns its part of the loss.
  virtual double compute_gradients(int64_t epoch, PhaseSeconds& seconds) = 0;

 private:
  void sum_gradients(int64_t epoch);
  void save_lost(SavedState& state);
  void load_lost(const SavedState& state);

  const TrainingConfig& config_;
  Parameters& parameters_;
  Channel& channel_;
  Schedule schedule_ = Schedule::parse("constant");
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<RoundedSum> rounded_sum_;  ///< where gradients travel in few bits
  std::vector<float> best_values_;
  double loss_part_ = 0.0;
};

}  // namespace tersegraph
