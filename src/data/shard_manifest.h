#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/describe.h"
#include "graph/partition.h"

namespace tersegraph {

/// What manifest.json says of a sharded dataset: a folder with one file a part, shard-<part>.npz.
struct ShardManifest {
  struct Entry {
    int64_t nodes = 0, halo = 0, entries = 0;  ///< owned nodes, halo nodes, edges into the owned ones
    int64_t bytes = 0;                         ///< of the file
    bool operator==(const Entry&) const = default;
  };

  DatasetFacts facts;
  std::string partitioner;  ///< the words of --partition
  PartitionFacts partition;
  uint64_t fingerprint = 0;  ///< of the contents and of the parts; every shard repeats it
  std::vector<Entry> shards;

  int parts() const { return static_cast<int>(shards.size()); }
  int64_t bytes() const;  ///< of all files
};

/// Whether `data` is a folder with a manifest.
bool is_sharded(const std::string& data);

std::string manifest_text(const ShardManifest& manifest);

/// Errors: InputError for a file that is not exactly what manifest_text() made.
ShardManifest read_manifest(const std::string& folder);

std::string shard_path(const std::string& folder, int part);

}  // namespace tersegraph
