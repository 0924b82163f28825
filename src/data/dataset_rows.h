#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"

namespace tersegraph {

/// A dataset that is read row by row, as often as one asks, so that its edges and features need not be in memory.
class DatasetRows {
 public:
  /// Row i of a sparse matrix: columns, and values where it has them (none: all 1).
  using SeeSparse = std::function<void(int64_t i, std::span<const int32_t> columns, std::span<const float> values)>;
  using SeeDense = std::function<void(int64_t first, ConstMatrixView rows)>;

  virtual ~DatasetRows() = default;

  virtual DatasetShape shape() const = 0;
  /// The dataset as far as it is in memory: name, format, labels, splits and node ids for sure.
  virtual const Dataset& head() const = 0;
  /// The row pointers of Graph::adjacency.
  virtual const std::vector<int64_t>& indptr() const = 0;
  /// The targets of node 0, 1, ...: the rows of Graph::adjacency.
  virtual void edges(const SeeSparse& see) const = 0;
  /// The features of node 0, 1, ...; where they are dense and where they are sparse.
  virtual void dense_features(const SeeDense& see) const = 0;
  virtual void sparse_features(const SeeSparse& see) const = 0;
};

/// A dataset in memory: another's, which must outlive this, or one that is given away.
class WholeRows final : public DatasetRows {
 public:
  explicit WholeRows(const Dataset& dataset) : dataset_(dataset) {}
  explicit WholeRows(Dataset&& dataset) : own_(std::make_unique<Dataset>(std::move(dataset))), dataset_(*own_) {}

  DatasetShape shape() const override { return shape_of(dataset_); }
  const Dataset& head() const override { return dataset_; }
  const std::vector<int64_t>& indptr() const override { return dataset_.graph.adjacency.indptr; }
  void edges(const SeeSparse& see) const override;
  void dense_features(const SeeDense& see) const override;
  void sparse_features(const SeeSparse& see) const override;

 private:
  std::unique_ptr<const Dataset> own_;
  const Dataset& dataset_;
};

/// An .npz file in Tersegraph's schema, or a list of edges, of whose edges and features some MiB are in memory; any
/// other dataset, and a file with rows that need mending, as load_dataset() reads it. The edges of a list go through
/// temporary files. The result is valid. Errors: load_dataset()'s.
std::unique_ptr<DatasetRows> open_dataset(const std::string& data);

/// The same with the reverse of every edge of a directed graph. The edges go through temporary files.
std::unique_ptr<DatasetRows> symmetrised(std::unique_ptr<DatasetRows> rows);

/// The edges alone, in memory.
Graph read_graph(const DatasetRows& rows);

/// Whether every edge has its reverse, of the same weight: known from sums of 64-bit hashes, but for a chance of 2^-64.
class ReverseEdges {
 public:
  void add(int64_t source, std::span<const int32_t> targets, std::span<const float> weights);
  bool balanced() const { return forward_ == backward_; }

 private:
  uint64_t forward_ = 0, backward_ = 0;
};
bool is_symmetric(const DatasetRows& rows);

/// The npz schema of docs/data.md; written to a temporary and renamed.
void save_dataset(const DatasetRows& rows, const std::string& path);

}  // namespace tersegraph
