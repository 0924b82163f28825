#pragma once

#include <string>
#include <vector>

#include "base/observer.h"
#include "base/saved_state.h"
#include "base/timer.h"
#include "run/checkpoint.h"
#include "run/progress.h"
#include "run/run_directory.h"
#include "run/training.h"

namespace tersegraph {

/// What any rank of a run tells its trainer: whether to stop, and where to go on from (may be null).
class RankObserver : public Observer {
 public:
  /// `hooks` must outlive this.
  RankObserver(const RunHooks& hooks, const SavedState* resume) : hooks_(hooks), resume_(resume) {}
  bool stop_requested() override { return hooks_.stop_requested(); }
  bool decides_on_epoch() const override { return hooks_.on_epoch != nullptr; }
  const SavedState* resume_from() override { return resume_; }

 protected:
  const RunHooks& hooks_;

 private:
  const SavedState* resume_;
};

/// What rank 0 tells its hooks and writes between epochs. A disk that fails does not end the training: it is told once,
/// and complain() tells at the end what the results lack.
class RunObserver final : public RankObserver {
 public:
  struct Context {
    int64_t run = 0, every = 0;  ///< the run's index; epochs between checkpoints
    SavedState common;           ///< parts of every checkpoint of this run
    CheckpointFolder checkpoints;
    std::vector<EpochMetrics>* epochs;  ///< where to keep them all; may be null
  };
  /// `directory` and `bar` may be null. All must outlive this.
  RunObserver(Context context, const RunHooks& hooks, RunDirectory* directory, const Timer& wall, ProgressBar* bar,
              const SavedState* resume);

  void on_epoch(const EpochMetrics& metrics) override;
  bool checkpoint_due(int64_t epoch) override { return context_.every > 0 && epoch % context_.every == 0; }
  void on_checkpoint(const SavedState& state) override;

  /// A checkpoint of a place between two runs.
  void save_between(CheckpointPlace place, SavedState state);

  int64_t bytes_per_epoch() const;
  /// Of this run, by all processes that took part in it.
  double wall_seconds() const { return earlier_seconds_ + wall_.seconds(); }
  /// Errors: RunError where lines of metrics.jsonl are missing, or the checkpoint of a run that was `stopped`.
  void complain(bool stopped) const;

 private:
  void tell_guard(const EpochMetrics& metrics);
  void warn(bool& told, const std::string& error);

  Context context_;
  RunDirectory* directory_;
  const Timer& wall_;
  ProgressBar* bar_;
  double earlier_seconds_ = 0.0;
  int64_t epoch_ = 0;
  std::vector<double> bytes_;
  std::string checkpoint_error_;  ///< of the last one; empty: it was written
  bool told_of_metrics_ = false, told_of_checkpoints_ = false;
};

}  // namespace tersegraph
