#include "data/shard_data.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "data/features.h"

namespace tersegraph {

ShardData::ShardData(const ShardManifest& manifest, const std::string& folder, int rank, Normalisation normalisation,
                     bool normalize)
    : manifest_(manifest),
      file_(manifest, folder, rank),
      normalisation_(normalisation),
      normalize_(normalize),
      owned_(file_.owned()),
      labels_(file_.labels()),
      splits_(file_.splits(owned_)) {}

Shard ShardData::shard(Ordering ordering, uint64_t seed) const {
  Shard shard = file_.shard();
  normalise(shard, file_.halo_degrees(), normalisation_);
  reorder_rows(shard, locality_order(shard.local, ordering, seed));
  return shard;
}

std::vector<int64_t> ShardData::rows_of(std::span<const int64_t> nodes) const {
  std::vector<int64_t> rows;
  rows.reserve(nodes.size());
  for (const int64_t node : nodes) {
    const auto found = std::ranges::lower_bound(owned_, node);
    if (found == owned_.end() || *found != node) fail_run("a shard was asked for node {}, which it does not own", node);
    rows.push_back(found - owned_.begin());
  }
  return rows;
}

Features ShardData::features(std::span<const int64_t> nodes) const {
  const std::vector<int64_t> rows = rows_of(nodes);
  Features features;
  if (file_.sparse_features()) {
    features.is_sparse = true;
    features.sparse = file_.sparse_rows();
    features = take_rows(features, rows);
  } else {
    constexpr int64_t kNowhere = -1;
    std::vector<int64_t> place(owned_.size(), kNowhere);
    for (size_t i = 0; i < rows.size(); ++i) place[rows[i]] = static_cast<int64_t>(i);
    features.dense.reshape(std::ssize(nodes), manifest_.facts.features);
    file_.dense_rows([&](int64_t first, ConstMatrixView block) {
      for (int64_t i = 0; i < block.rows; ++i) {
        if (place[first + i] == kNowhere) continue;
        std::copy_n(block.row(i), block.cols, features.dense.row(place[first + i]));
      }
    });
  }
  if (normalize_) normalize_rows(features);
  return features;
}

Labels ShardData::labels(std::span<const int64_t> nodes) const {
  return take_rows(labels_, rows_of(nodes));
}

}  // namespace tersegraph
