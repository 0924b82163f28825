#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "data/dataset.h"
#include "run/results.h"
#include "run/safetensors.h"

namespace tersegraph {

class Communicator;

/// How whoever starts a run takes part in it. Both are called after every epoch.
struct RunHooks {
  std::function<bool()> stop_requested;               ///< on the threads of all ranks
  std::function<void(const EpochMetrics&)> on_epoch;  ///< on rank 0's; may be empty
};

/// A run of one seed, in memory.
struct HeldRun {
  RunConfig config;  ///< that repeats it
  RunRecord record;  ///< with the outputs of all nodes
  std::vector<EpochMetrics> epochs;
  TensorFile model;
};

/// Trains on `dataset` with ranks that are threads of this process, and returns a run for each seed; or, given the
/// communicator of a job whose processes all call this with the same dataset, as its rank of them: then rank 0 gets the
/// runs, and hooks.on_epoch is set on all or on none. It prints nothing, and leaves a run directory only where
/// config.out names one. config.data is but what messages call the dataset. The caller's thread must be one on which no
/// signal handler runs (see SignalGuard). Errors: as run_training; a run that diverged is returned.
std::vector<HeldRun> train_in_memory(RunConfig config, const std::shared_ptr<const Dataset>& dataset,
                                     const RunHooks& hooks, Communicator* process = nullptr);

/// Writes what run_training would have left of such a run into the new folder `path`. Errors: InputError when it is not
/// new.
void save_run(const HeldRun& run, const Dataset& dataset, const std::string& path);

/// The line that tells of a run that diverged.
std::string divergence_words(const RunConfig& config, int64_t epoch, const std::string& directory);

}  // namespace tersegraph
