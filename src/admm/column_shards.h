#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.h"
#include "comm/channel.h"

namespace tersegraph {

/// The training columns (rows of p, z, q and u) in consecutive shards, one on each of the ranks that hold the same
/// layers, and the sums over all of them. Every rank gets the same bits. Calls are collective, on the rank's own
/// thread.
class ColumnShards {
 public:
  /// `shards` reaches those ranks, in order; it must outlive this.
  ColumnShards(Channel& shards, int64_t columns) : shards_(shards), columns_(columns) {}

  int count() const { return shards_.size(); }
  int64_t all_columns() const { return columns_; }
  /// This rank's columns are number begin() .. begin() + size() - 1.
  int64_t begin() const { return begin(columns_, shards_.rank(), count()); }
  int64_t size() const { return size(columns_, shards_.rank(), count()); }

  /// Of any shard of so many columns.
  static int64_t begin(int64_t columns, int shard, int shards) { return columns * shard / shards; }
  static int64_t size(int64_t columns, int shard, int shards) {
    return begin(columns, shard + 1, shards) - begin(columns, shard, shards);
  }

  void sum(std::span<double> values);
  void sum(MatrixView x);
  /// Of a symmetric matrix only the lower triangle, diagonal included; what stands above it is lost.
  void sum_lower(MatrixView x);
  /// The greatest of each; NaN where one is.
  void max(std::span<float> values);

 private:
  Channel& shards_;
  int64_t columns_;
};

}  // namespace tersegraph
