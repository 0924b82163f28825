#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "data/shard_manifest.h"

namespace tersegraph {

/// Writes a dataset into the new folder `folder`, a file a part and a manifest. The folder is there whole or not at
/// all: it is made beside its place, and renamed. Takes the memory of one shard beside the dataset (and of the
/// transpose where the graph is directed). `progress` is told of each part that is written. Errors: InputError when
/// there is something at that place or it cannot be written, RunError when the disk fails.
ShardManifest write_shards(const Dataset& dataset, const Partition& partition, const std::string& partitioner,
                           const std::string& folder, const std::function<void(int)>& progress = {});

/// Errors: InputError when there is something at that place already.
void check_new_folder(const std::string& folder);

/// The dataset that was written, put together again. Errors: ShardFile's.
Dataset read_sharded(const std::string& folder);

/// Of that its labels and splits alone, with a graph of as many nodes and without edges.
Dataset read_sharded_labels(const std::string& folder, const ShardManifest& manifest);

/// Reads every file. Errors: ShardFile's.
void check_shards(const std::string& folder, const ShardManifest& manifest);

}  // namespace tersegraph
