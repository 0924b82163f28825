#pragma once

#include <cstdint>
#include <string>

#include "graph/partition.h"

namespace tersegraph {

/// Whether the words of --partition name a file rather than a method: they hold a '.' or a '/'.
bool is_partition_file(const std::string& words);

/// The part of every node from a file: a text of one number a line, as METIS and ParMETIS write it, may be gzipped; or
/// an .npy array of whole numbers (n,). `parts` 0: as many as the file has. Errors: InputError that names the file and
/// the line or entry; also when a part has no node.
Partition read_partition(const std::string& path, int64_t nodes, int parts);

}  // namespace tersegraph
