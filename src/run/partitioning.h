#pragma once

#include <cstdint>
#include <string>

#include "data/dataset_rows.h"
#include "graph/partition.h"

namespace tersegraph {

/// The most bytes that METIS takes for so many nodes and directed edges, the graph among them.
int64_t metis_bytes(int64_t nodes, int64_t edges);

/// The words of --partition themselves, or for "auto" metis where it fits into `limit` bytes, otherwise stream.
std::string choose_partitioner(const std::string& words, const DatasetShape& dataset, int64_t limit);

/// By a method or from a file. `parts` 0: as many as the file has. Errors: InputError for words that are neither.
Partition partition_by(const std::string& words, const Graph& graph, int parts);
/// The same. In memory are the edges at most, and not even these for methods that is_streamed() names.
Partition partition_by(const std::string& words, const DatasetRows& rows, int parts);

}  // namespace tersegraph
