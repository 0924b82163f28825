#pragma once

#include <vector>

#include "plan/epoch_work.h"
#include "train/training.h"

namespace tersegraph::testing {

/// What each rank of train() on this dataset would do. hosts: of each rank; empty: one for all.
inline std::vector<RankWork> planned(const Dataset& dataset, const FullGraphConfig& config, int ranks,
                                     const std::vector<int>& hosts = {}) {
  std::vector<RankWork> works(ranks);
  const Csr matrix = aggregation_operator(dataset.graph, config.normalisation());
  const auto on_rank = [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition partition = make_partition(dataset.graph, channel.size(), PartitionMethod::metis_cut, 1);
    const WholeData data(dataset, matrix, partition, channel.rank());
    works[channel.rank()] = rank_work(data, dataset.splits.at(0), config, channel);
  };
  run_thread_ranks(ranks, 1, on_rank, 0, hosts);
  return works;
}

}  // namespace tersegraph::testing
