#pragma once

#include "run/job.h"

namespace tersegraph {

/// Whether each rank of this (resolved) run reads its own shard: the data are sharded, and the model's trainer needs no
/// more than that. Others put the dataset together again in memory.
bool reads_shards(const RunConfig& config);

/// A rank's job on its shard. Errors: InputError for what cannot be read or trained on.
Job open_shard(const RunConfig& config, int rank);

/// Rank 0 gathers all labels, draws the splits, and tells each rank which of its nodes are in them. Collective. Errors:
/// InputError, on every rank.
void share_splits(Job& job, Channel& channel);

}  // namespace tersegraph
