#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"
#include "graph/partition.h"
#include "graph/shard.h"

namespace tersegraph {

/// What a rank reads of a dataset: of one that is whole in memory, or of its own shard on disk.
class RankData {
 public:
  virtual ~RankData() = default;

  virtual DatasetShape shape() const = 0;
  /// The operator's rows of the nodes that the rank owns. Errors: build_shard()'s and those of reading.
  virtual Shard shard(Ordering ordering, uint64_t seed) const = 0;
  /// Rows of owned nodes (global ids), in this order.
  virtual Features features(std::span<const int64_t> nodes) const = 0;
  virtual Labels labels(std::span<const int64_t> nodes) const = 0;
  /// On rank 0: of all nodes.
  virtual const Labels& all_labels() const = 0;
};

/// A rank's view of a whole dataset; all must outlive this. `aggregation` is the operator on the dataset's graph.
class WholeData final : public RankData {
 public:
  WholeData(const Dataset& dataset, const Csr& aggregation, const Partition& partition, int rank)
      : dataset_(dataset), aggregation_(aggregation), partition_(partition), rank_(rank) {}

  DatasetShape shape() const override { return shape_of(dataset_); }
  Shard shard(Ordering ordering, uint64_t seed) const override {
    return build_shard(aggregation_, partition_, rank_, ordering, seed);
  }
  Features features(std::span<const int64_t> nodes) const override;
  Labels labels(std::span<const int64_t> nodes) const override;
  const Labels& all_labels() const override { return dataset_.labels; }

 private:
  const Dataset& dataset_;
  const Csr& aggregation_;
  const Partition& partition_;
  int rank_;
};

/// Rows of labels, in this order.
Labels take_rows(const Labels& labels, std::span<const int64_t> rows);

}  // namespace tersegraph
