#pragma once

#include <memory>
#include <vector>

#include "comm/channel.h"
#include "data/dataset.h"
#include "data/shard_data.h"
#include "graph/partition.h"
#include "tersegraph/config.h"

namespace tersegraph {

/// A run with everything read, checked and decided that its ranks share. Thread ranks hold one between them, unless
/// each reads its own shard.
struct Job {
  RunConfig config;    ///< resolved
  DatasetShape shape;  ///< of the dataset
  /// Where shards are read: labels and splits alone, on rank 0; elsewhere null.
  std::shared_ptr<const Dataset> dataset;
  Csr aggregation;  ///< of a dataset in memory, as is `partition`
  Partition partition;
  std::vector<Split> splits;                      ///< one a seed; where shards are read, on rank 0 that of all nodes
  std::vector<std::vector<float>> class_weights;  ///< one a seed
  std::shared_ptr<const ShardManifest> manifest;  ///< where this rank reads its shard, otherwise null
  std::shared_ptr<ShardData> shard;               ///< that is read

  bool sharded() const { return manifest != nullptr; }
};

/// Errors: InputError for a dataset without what training needs.
void check_trainable(const DatasetShape& dataset, const RunConfig& config);

/// The splits and class weights of all seeds, by the labels of job.dataset. Errors: InputError.
void choose_splits(Job& job);

/// Everything but the partition, on `dataset` or, where that is null, on what config.data names. `config` must be
/// resolved. Errors: InputError for what cannot be trained on.
Job load_job(const RunConfig& config, const std::shared_ptr<const Dataset>& dataset = nullptr);

/// The partition into the configuration's ranks: of a file, or the dataset's own by the method that is named. That one
/// depends on no seed of the run, so that runs compare.
Partition partition_job(const Job& job);

/// Rank 0's partition, on every rank. Collective.
void share_partition(Channel& channel, Job& job);

PartitionFacts partition_facts(const Job& job);

}  // namespace tersegraph
