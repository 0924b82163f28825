#include "data/dataset_rows.h"

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
  a.indptr.reserve(shape.nodes + 1);
  a.indices.reserve(shape.edges);
  if (shape.weighted) a.values.reserve(shape.edges);
  rows.edges([&](int64_t, std::span<const int32_t> targets, std::span<const float> weights) {
    a.indices.insert(a.indices.end(), targets.begin(), targets.end());
    a.values.insert(a.values.end(), weights.begin(), weights.end());
    a.indptr.push_back(std::ssize(a.indices));
  });
  return graph;
}

}  // namespace tersegraph
