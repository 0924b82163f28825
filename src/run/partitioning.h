#pragma once

#include <cstdint>
#include <string>

#include "data/dataset.h"
#include "graph/partition.h"

namespace tersegraph {

/// Peak bytes that METIS takes beside the graph, for so many nodes and directed edges.
int64_t metis_bytes(int64_t nodes, int64_t edges);

/// The words of --partition for a graph in memory: themselves, or for "auto" metis where the dataset and METIS fit into
/// `limit` bytes, otherwise stream.
std::string choose_partitioner(const std::string& words, const DatasetShape& dataset, int64_t limit);

/// By a method or from a file. `parts` 0: as many as the file has. Errors: InputError for words that are neither.
Partition partition_by(const std::string& words, const Graph& graph, int parts);

}  // namespace tersegraph
