#pragma once

#include <optional>
#include <string>

#include "comm/channel.h"
#include "run/checkpoint.h"
#include "run/fingerprint.h"
#include "run/results.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {

/// The configuration of the run in `directory` with what is to change, not resolved. Errors: InputError when it holds
/// no run.
RunConfig resumed_config(const std::string& directory, const ResumeChanges& changes);

/// How the run in config.out ended, where there is nothing left to do of it.
std::optional<std::string> finished_words(const RunConfig& config);

/// Where a run goes on.
struct Resumption {
  CheckpointPlace place;
  SavedState state;  ///< of a place amid a run; otherwise only the records of the runs before it
  std::string file;  ///< empty: there was no checkpoint, it starts anew

  const SavedState* of_run(int64_t run) const { return run == place.run && place.epoch > 0 ? &state : nullptr; }
};

/// From the newest checkpoint of config.out that can be read; tells of damaged ones on standard error. Rank 0 reads,
/// and under mpirun sends it to the others. Collective where there is a channel. Errors: RunError when none of several
/// can be read.
Resumption find_resumption(const RunConfig& config, Channel* channel);

/// Errors: InputError naming what differs between the checkpoint and this run.
void check_resumption(const Resumption& resumption, const Fingerprint& fingerprint, const RunConfig& config);

/// Parts of every checkpoint of a run: what it is of, and the records of the runs before it.
SavedState common_parts(const Fingerprint& fingerprint, const std::vector<RunRecord>& records);
std::vector<RunRecord> saved_records(const SavedState& state);

}  // namespace tersegraph
