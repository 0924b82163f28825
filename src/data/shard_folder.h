#pragma once

#include <string>

#include "data/shard_manifest.h"

namespace tersegraph {

/// The dataset that was written, put together again. Errors: ShardFile's.
Dataset read_sharded(const std::string& folder);

/// Of that its labels and splits alone, with a graph of as many nodes and without edges.
Dataset read_sharded_labels(const std::string& folder, const ShardManifest& manifest);

/// Reads every file. Errors: ShardFile's.
void check_shards(const std::string& folder, const ShardManifest& manifest);

}  // namespace tersegraph
