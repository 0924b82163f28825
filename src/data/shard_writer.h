#pragma once

#include <functional>
#include <string>

#include "data/dataset_rows.h"
#include "data/shard_manifest.h"

namespace tersegraph {

/// Writes a dataset into the new folder `folder`, a file a part and a manifest. The folder is there whole or not at
/// all: it is made beside its place, and renamed. Reads the edges and the features two or three times and once a part;
/// takes 30 bytes a node, and the memory of one shard twice, beside what `rows` holds. `progress` is told of each part
/// that is written. Errors: InputError when there is something at that place or it cannot be written, RunError when the
/// disk fails.
ShardManifest write_shards(const DatasetRows& rows, const Partition& partition, const std::string& partitioner,
                           const std::string& folder, const std::function<void(int)>& progress = {});

/// Errors: InputError when there is something at that place already.
void check_new_folder(const std::string& folder);

}  // namespace tersegraph
