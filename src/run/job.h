#pragma once

#include <memory>
#include <vector>

#include "comm/channel.h"
#include "data/dataset.h"
#include "graph/partition.h"
#include "tersegraph/config.h"

namespace tersegraph {

/// A run with everything read, checked and decided that its ranks share. Thread ranks hold one between them.
struct Job {
  RunConfig config;  ///< resolved
  std::shared_ptr<const Dataset> dataset;
  Csr aggregation;
  std::vector<Split> splits;  ///< one a seed
  Partition partition;
};

/// Everything but the partition, on `dataset` or, where that is null, on what config.data names. `config` must be
/// resolved. Errors: InputError for what cannot be trained on.
Job load_job(const RunConfig& config, const std::shared_ptr<const Dataset>& dataset = nullptr);

/// The dataset's own partition into the configuration's ranks. It depends on no seed of the run, so that runs compare.
Partition partition_job(const Job& job);

/// Rank 0's partition, on every rank. Collective.
void share_partition(Channel& channel, Job& job);

}  // namespace tersegraph
