#include "data/dataset_rows.h"

#include <bit>
#include <utility>

#include "base/rng.h"
#include "data/sorted_edges.h"

namespace tersegraph {
namespace {

void see_rows(const Csr& a, const DatasetRows::SeeSparse& see) {
  const std::span columns(a.indices);
  const std::span values(a.values);
  for (int64_t i = 0; i < a.rows(); ++i) {
    const int64_t begin = a.indptr[i], count = a.indptr[i + 1] - begin;
    see(i, columns.subspan(begin, count), a.weighted() ? values.subspan(begin, count) : values);
  }
}

}  // namespace

void WholeRows::edges(const SeeSparse& see) const {
  see_rows(dataset_.graph.adjacency, see);
}

void WholeRows::dense_features(const SeeDense& see) const {
  if (!dataset_.features.dense.empty()) see(0, dataset_.features.dense);
}

void WholeRows::sparse_features(const SeeSparse& see) const {
  see_rows(dataset_.features.sparse, see);
}

Graph read_graph(const DatasetRows& rows) {
  const DatasetShape shape = rows.shape();
  Graph graph;
  graph.directed = shape.directed;
  Csr& a = graph.adjacency;
  a.cols = shape.nodes;
  a.indptr = rows.indptr();
  a.indices.reserve(shape.edges);
  if (shape.weighted) a.values.reserve(shape.edges);
  rows.edges([&](int64_t, std::span<const int32_t> targets, std::span<const float> weights) {
    a.indices.insert(a.indices.end(), targets.begin(), targets.end());
    a.values.insert(a.values.end(), weights.begin(), weights.end());
  });
  return graph;
}

void ReverseEdges::add(int64_t source, std::span<const int32_t> targets, std::span<const float> weights) {
  const auto hash = [](int64_t u, int64_t v, uint32_t weight) {
    return mix64(mix64(static_cast<uint64_t>(u) << 32 | static_cast<uint64_t>(v)) ^ weight);
  };
  for (size_t e = 0; e < targets.size(); ++e) {
    const uint32_t weight = weights.empty() ? 0 : std::bit_cast<uint32_t>(weights[e]);
    forward_ += hash(source, targets[e], weight);
    backward_ += hash(targets[e], source, weight);
  }
}

bool is_symmetric(const DatasetRows& rows) {
  ReverseEdges reverses;
  rows.edges([&](int64_t u, std::span<const int32_t> targets, std::span<const float> weights) {
    reverses.add(u, targets, weights);
  });
  return reverses.balanced();
}

namespace {

class SymmetrisedRows final : public DatasetRows {
 public:
  explicit SymmetrisedRows(std::unique_ptr<DatasetRows> rows)
      : rows_(std::move(rows)), edges_(sort_both_ways(*rows_, rows_->shape().weighted)) {}

  DatasetShape shape() const override {
    DatasetShape shape = rows_->shape();
    shape.directed = false;
    shape.edges = indptr().back();
    return shape;
  }
  const Dataset& head() const override { return rows_->head(); }
  const std::vector<int64_t>& indptr() const override { return edges_.indptr(); }
  void edges(const SeeSparse& see) const override { edges_.read(see); }
  void dense_features(const SeeDense& see) const override { rows_->dense_features(see); }
  void sparse_features(const SeeSparse& see) const override { rows_->sparse_features(see); }

 private:
  std::unique_ptr<DatasetRows> rows_;
  SortedEdges edges_;
};

}  // namespace

std::unique_ptr<DatasetRows> symmetrised(std::unique_ptr<DatasetRows> rows) {
  if (!rows->shape().directed) return rows;
  return std::make_unique<SymmetrisedRows>(std::move(rows));
}

}  // namespace tersegraph
