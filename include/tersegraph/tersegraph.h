#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tersegraph/config.h"

/// Tersegraph trains graph neural networks on whole graphs, on one machine or several, and sends few bits.
///
///     tersegraph::RunConfig config;
///     config.data = "cora.npz";
///     config.ranks = 2;
///     tersegraph::RunOutcome outcome = tersegraph::run_training(config);
///
/// A mistake in the words or the files, and a run that failed, are thrown as std::runtime_error; what() is one line
/// that says what, where and what to do.
namespace tersegraph {

/// "0.1.0".
const char* version();

/// How one run ended.
struct RunResult {
  int64_t seed = 0;
  /// Of the epoch with the best validation score; the task's measure (accuracy, micro-F1 for multi-label, R^2 for
  /// regression).
  std::optional<double> train_accuracy, val_accuracy, test_accuracy;
  int64_t best_epoch = 0, epochs = 0;
  double epoch_seconds = 0.0;  ///< median of training alone, slowest rank
  int64_t bytes_sent = 0;      ///< all kinds, sum over ranks
  std::string ending;          ///< finished, patience, stopped, diverged
};

struct RunOutcome {
  std::string directory;
  std::vector<RunResult> runs;  ///< one a seed; under mpirun on rank 0 alone
  int signal = 0;               ///< that stopped the run; 0: none did
};

/// Trains as `tersegraph train` does, and leaves a run directory. Speaks to standard output unless config.quiet.
RunOutcome run_training(const RunConfig& config);

/// What may change when a run goes on; 0: as it was.
struct ResumeChanges {
  int64_t ranks = 0, threads = 0;
  int64_t epochs = 0;  ///< more than it had
  bool quiet = false;
  int64_t timeout = 600;  ///< as in RunConfig
  /// As in RunConfig. Where the ranks change or one of these is given, 0 means what it means there.
  int64_t layer_ranks = 0, node_ranks = 0;
};

/// Goes on with the run in `directory` from its newest checkpoint, as `tersegraph train --resume` does: with the same
/// ranks to the same results, bit for bit. Where the run has ended already, it says so and `runs` stays empty.
RunOutcome resume_training(const std::string& directory, const ResumeChanges& changes = {});

}  // namespace tersegraph
