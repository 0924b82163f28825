#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/saved_state.h"
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

  /// Adds on rank 0 what the next epochs depend on, from all ranks. The others' `state` is dropped.
  virtual void save(SavedState& state) = 0;
  /// After start(): becomes what was saved, on any number of ranks. Every rank passes the same state.
  virtual void load(const SavedState& state) = 0;
};

/// What all trainers do in the same way: the metrics of an epoch, when to evaluate, the best weights, and when to end.
class EpochLoop {
 public:
  struct Config {
    int eval_every = 1;          ///< epochs between evaluations; the last one of a run is always evaluated; 0: it alone
    int patience = 0;            ///< stop after so many epochs without a better validation score; 0: never
    bool gather_outputs = true;  ///< see told_columns()
  };

  /// The references must outlive this; `shard` and `targets` are of the owned nodes, and `labels` and `split` on rank 0
  /// of all. Collective.
  EpochLoop(Config config, const Labels& labels, const Split& split, const Shard& shard, const LocalTargets& targets,
            Channel& channel);

  /// Columns of what finish() tells rank 0 of every node: all outputs, or where these are not wanted the class alone.
  static int64_t told_columns(bool gather_outputs, Task task, int64_t outputs);

  /// Bytes that a rank sends after an epoch to tell the others of it (Traffic::all_reduce).
  static int64_t record_bytes(int ranks);

  /// Whether any rank has such nodes.
  bool has_training() const { return nodes_[0] > 0; }

  /// A stage of at most `epochs` further epochs, of which the best is kept: what was best before is forgotten.
  /// Where the observer has a state to resume from, the first call goes on amid the stage of that state: the caller has
  /// made the model of first_stage() ready. Collective. Errors: InputError, on every rank, when there are no training
  /// nodes; RunError for a state of another kind of training.
  Ending run(Learner& learner, int epochs, Observer& observer);

  /// The stage that a run begins with, from 0; RunError when there are fewer than `stages` of them.
  static int first_stage(Observer& observer, size_t stages);

  /// Restores the best weights and tells what all runs left. Collective.
  TrainResult finish(Learner& learner);

  /// The learner's outputs of all nodes (rank 0; others: empty). Collective.
  Matrix gather_outputs(Learner& learner);

 private:
  struct EpochRecord;

  /// What the ranks ask for after an epoch.
  struct Wishes {
    bool stop = false, checkpoint = false;
  };

  void begin_stage(Learner& learner, Observer& observer);
  EpochMetrics run_epoch(Learner& learner, int64_t epoch, bool due, Observer& observer, Wishes& wishes);
  EpochRecord account(const Learner& learner);
  void score(Learner& learner, EpochMetrics& metrics);
  void keep_if_best(Learner& learner, const EpochMetrics& metrics);
  void tell_outputs(Learner& learner, TrainResult& result);
  void add_traffic(const Learner& learner, TrainResult& result);
  std::vector<int64_t> sent_so_far(const Learner& learner) const;
  void save(Learner& learner, Observer& observer);
  void load(Learner& learner, const SavedState& saved);

  Config config_;
  const Labels& labels_;
  const Split& split_;
  const Shard& shard_;
  const LocalTargets& targets_;
  Channel& channel_;
  std::array<int64_t, 3> nodes_;  ///< of all ranks in train, val and test
  TrainResult result_;
  int64_t stage_ = -1, stage_start_ = 0;  ///< the stage, and the last epoch before it
  TrafficBytes bytes_before_{};           ///< at the last record of an epoch
  SentValues sent_before_;
  std::vector<int64_t> not_here_;  ///< what sent_so_far() lacks: sent by an earlier process
};

}  // namespace tersegraph
