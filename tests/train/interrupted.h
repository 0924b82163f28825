#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/saved_state.h"
#include "comm/channel.h"
#include "comm/launch.h"
#include "train/trainer.h"

namespace tersegraph::testing {

/// Keeps the state after epoch `after` (-1: never) and, where it stops there, ends the training.
class Keeper : public Observer {
 public:
  Keeper(int64_t after, const SavedState* resume, bool stops) : after_(after), resume_(resume), stops_(stops) {}
  void on_epoch(const EpochMetrics& metrics) override {
    epochs.push_back(metrics);
    epoch_ = metrics.epoch;
  }
  bool stop_requested() override { return stops_ && epoch_ + 1 == after_; }
  bool checkpoint_due(int64_t epoch) override { return epoch == after_; }
  void on_checkpoint(const SavedState& state) override { saved = state; }
  const SavedState* resume_from() override { return resume_; }

  std::vector<EpochMetrics> epochs;
  SavedState saved;

 private:
  int64_t after_, epoch_ = 0;
  const SavedState* resume_;
  bool stops_;
};

struct Interruption {
  int64_t after = -1;
  bool stopped = false;  ///< there; otherwise the training goes on and is then forgotten, as if it had been killed
  int resumed_ranks = 0;
};

/// What training left, as rank 0 sees it.
struct Outcome {
  TrainResult result;
  std::vector<EpochMetrics> epochs;
  std::vector<float> weights;
};

using MakeTrainer = std::function<std::unique_ptr<Trainer>(Channel&)>;

inline Outcome train_once(int ranks, Keeper& keeper, const SavedState* resume, const MakeTrainer& make) {
  Outcome outcome;
  run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const std::unique_ptr<Trainer> trainer = make(channel);
    Keeper other(-1, resume, false);
    TrainResult result = trainer->train(communicator.rank() == 0 ? keeper : other);
    if (communicator.rank() != 0) return;
    outcome.result = std::move(result);
    outcome.epochs = keeper.epochs;
    trainer->parameters().save_values(outcome.weights);
  });
  return outcome;
}

/// Trains, is interrupted as `how` says and goes on with new trainers. Epochs are those that count.
inline Outcome interrupted(int ranks, Interruption how, const MakeTrainer& make) {
  Keeper first(how.after, nullptr, how.stopped);
  Outcome outcome = train_once(ranks, first, nullptr, make);
  if (how.after < 0) return outcome;
  EXPECT_EQ(outcome.result.ending == Ending::stopped, how.stopped);
  Keeper second(-1, &first.saved, false);
  Outcome resumed = train_once(how.resumed_ranks > 0 ? how.resumed_ranks : ranks, second, &first.saved, make);
  outcome.epochs.resize(static_cast<size_t>(how.after));
  resumed.epochs.insert(resumed.epochs.begin(), outcome.epochs.begin(), outcome.epochs.end());
  return resumed;
}

inline bool same_bits(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

inline void expect_same_metrics(const EpochMetrics& a, const EpochMetrics& b, bool traffic) {
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.train_loss, b.train_loss) << a.epoch;
  EXPECT_EQ(a.learning_rate, b.learning_rate) << a.epoch;
  EXPECT_EQ(a.train_accuracy, b.train_accuracy) << a.epoch;
  EXPECT_EQ(a.val_accuracy, b.val_accuracy) << a.epoch;
  EXPECT_EQ(a.test_accuracy, b.test_accuracy) << a.epoch;
  EXPECT_EQ(a.scores, b.scores) << a.epoch;
  EXPECT_EQ(a.objective, b.objective) << a.epoch;
  EXPECT_EQ(a.lagrangian, b.lagrangian) << a.epoch;
  EXPECT_EQ(a.residuals, b.residuals) << a.epoch;
  EXPECT_EQ(a.mean_bits, b.mean_bits) << a.epoch;
  EXPECT_EQ(a.bits, b.bits) << a.epoch;
  EXPECT_EQ(a.width_error, b.width_error) << a.epoch;
  EXPECT_EQ(a.guard, b.guard) << a.epoch;
  if (traffic) {
    EXPECT_EQ(a.bytes, b.bytes) << a.epoch;
  }
}

/// All but times and memory. `traffic`: bytes too, which other ranks send otherwise.
inline void expect_same(const Outcome& a, const Outcome& b, bool traffic = true) {
  EXPECT_EQ(a.weights, b.weights);
  EXPECT_TRUE(same_bits(a.result.outputs, b.result.outputs));
  EXPECT_EQ(a.result.ending, b.result.ending);
  expect_same_metrics(a.result.best, b.result.best, traffic);
  expect_same_metrics(a.result.last, b.result.last, traffic);
  EXPECT_EQ(a.result.epoch_seconds.size(), b.result.epoch_seconds.size());
  EXPECT_EQ(a.result.facts, b.result.facts);
  EXPECT_EQ(a.result.mean_bits, b.result.mean_bits);
  if (traffic) {
    EXPECT_EQ(a.result.bytes, b.result.bytes);
    EXPECT_EQ(a.result.bytes_between_ranks, b.result.bytes_between_ranks);
  }
  ASSERT_EQ(a.epochs.size(), b.epochs.size());
  for (size_t i = 0; i < a.epochs.size(); ++i) expect_same_metrics(a.epochs[i], b.epochs[i], traffic);
}

}  // namespace tersegraph::testing
