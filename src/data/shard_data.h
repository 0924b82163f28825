#pragma once

#include <string>
#include <vector>

#include "data/rank_data.h"
#include "data/shard_file.h"

namespace tersegraph {

/// A rank's view of its own shard on disk, which alone it reads. Labels and splits are kept; the graph and the features
/// are read each time they are asked for, features straight into their place.
class ShardData final : public RankData {
 public:
  /// The manifest must outlive this. `normalize`: features as normalize_rows() makes them.
  ShardData(const ShardManifest& manifest, const std::string& folder, int rank, Normalisation normalisation,
            bool normalize);

  const std::vector<int64_t>& owned() const { return owned_; }  ///< ascending
  const Labels& own_labels() const { return labels_; }          ///< by it
  const std::vector<Split>& splits() const { return splits_; }  ///< global ids

  DatasetShape shape() const override { return manifest_.facts; }
  Shard shard(Ordering ordering, uint64_t seed) const override;
  Features features(std::span<const int64_t> nodes) const override;
  Labels labels(std::span<const int64_t> nodes) const override;
  const Labels& all_labels() const override { return *all_labels_; }
  /// What all_labels() shows from now on; it must outlive this.
  void show_all_labels(const Labels& labels) { all_labels_ = &labels; }

 private:
  /// The rows of the file that are these nodes'.
  std::vector<int64_t> rows_of(std::span<const int64_t> nodes) const;

  const ShardManifest& manifest_;
  ShardFile file_;
  Normalisation normalisation_;
  bool normalize_;
  std::vector<int64_t> owned_;
  Labels labels_;
  const Labels* all_labels_ = &labels_;
  std::vector<Split> splits_;
};

}  // namespace tersegraph
