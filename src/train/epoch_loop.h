#pragma once

#include <cstdint>
#include <optional>

#include "base/timer.h"
#include "comm/channel.h"
#include "data/dataset.h"
#include "graph/shard.h"
#include "train/local_targets.h"
#include "train/trainer.h"

namespace tersegraph {

/// Values that a rank has sent in training and that may be sent in few bits, and the bits that they took.
struct SentValues {
  int64_t bits = 0, values = 0;
};

/// What an epoch loop drives: one rank's share of a model and its data. Every call is collective.
class Learner {
 public:
  virtual ~Learner() = default;

  /// Before the first epoch, and again after the model was replaced by another.
  virtual void start() {}
  /// Computes metrics.epoch, and adds to metrics.seconds.
  virtual void train_epoch(EpochMetrics& metrics) = 0;
  /// This rank's part of the loss of that epoch; the parts add up to it. Not part of the epoch's time. May add numbers
  /// to the metrics.
  virtual double loss(EpochMetrics& metrics) = 0;
  /// What that epoch says, alike on all ranks, beyond a loss that is not finite.
  virtual std::optional<Ending> verdict() { return std::nullopt; }

  /// Outputs of the current weights for the owned nodes, valid until the next call.
  virtual ConstMatrixView evaluation_outputs() = 0;
  /// The current weights are the best so far; training ends with a return to them, if any were.
  virtual void save_best() = 0;
  virtual void restore_best() = 0;

  virtual SentValues sent_values() const { return {}; }
};

/// What all trainers do in the same way: the metrics of an epoch, when to evaluate, the best weights, and when to end.
class EpochLoop {
 public:
  struct Config {
    int eval_every = 1;  ///< epochs between evaluations; the last one of a run is always evaluated; 0: it alone
    int patience = 0;    ///< stop after so many epochs without a better validation score; 0: never
  };

  /// The references must outlive this; `shard` and `targets` are of the owned nodes.
  EpochLoop(Config config, const Dataset& dataset, const Split& split, const Shard& shard, const LocalTargets& targets,
            Channel& channel);

  /// At most `epochs` further epochs, of which the best is kept: what was best before is forgotten. Collective.
  /// Errors: InputError, on every rank, when there are no training nodes.
  Ending run(Learner& learner, int epochs, Observer& observer);

  /// Restores the best weights and tells what all runs left. Collective.
  TrainResult finish(Learner& learner);

  /// The learner's outputs of all nodes (rank 0; others: empty). Collective.
  Matrix gather_outputs(Learner& learner);

 private:
  struct EpochRecord;

  EpochMetrics run_epoch(Learner& learner, int64_t epoch, bool due, Observer& observer, bool& stop);
  EpochRecord account(const Learner& learner);
  void score(Learner& learner, EpochMetrics& metrics);
  void keep_if_best(Learner& learner, const EpochMetrics& metrics);
  void add_traffic(const Learner& learner, TrainResult& result);

  Config config_;
  const Labels& labels_;
  const Split& split_;
  const Shard& shard_;
  const LocalTargets& targets_;
  Channel& channel_;
  TrainResult result_;
  TrafficBytes bytes_before_{};
  SentValues sent_before_;
};

}  // namespace tersegraph
