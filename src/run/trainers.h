#pragma once

#include <memory>

#include "comm/channel.h"
#include "comm/launch.h"
#include "run/job.h"
#include "train/memory.h"
#include "train/trainer.h"

namespace tersegraph {

/// Errors: InputError for words of a resolved configuration that no trainer takes.
void check_words(const RunConfig& config);

/// The trainer that the configuration asks for, with the seed and the split of the given run. Collective; `job` must
/// outlive it. `gather_outputs`: of TrainResult, see TrainingConfig. Errors: InputError, on every rank, when
/// configuration and data contradict each other.
std::unique_ptr<Trainer> make_trainer(const Job& job, int64_t run, bool gather_outputs, Channel& channel);

/// How many processes of a rank each this run has on a host; 0: its ranks are threads of one process.
inline int processes_a_host() {
  return launched_ranks() > 1 ? launched_ranks_here() : 0;
}

/// Of the process that holds the most: all thread ranks, or, of processes of a rank each, that with the largest halo.
MemoryPrediction predict_memory(const Job& job, const PartitionFacts& facts, int a_host = processes_a_host());

/// Chooses the bits that activations are kept at so that a process stays below --memory-limit, and writes them into the
/// configuration. Errors: InputError, with what takes the memory, when none is low enough.
void fit_memory(Job& job, int a_host = processes_a_host());

}  // namespace tersegraph
