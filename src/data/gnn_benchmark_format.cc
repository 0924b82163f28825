#include <utility>

#include "base/error.h"
#include "data/assemble.h"
#include "data/formats.h"
#include "data/pickle.h"
#include "data/pickled_csr.h"

namespace tersegraph {
namespace {

/// The arrays <prefix>_indptr, <prefix>_indices, <prefix>_data and <prefix>_shape.
Csr read_csr(const NpzReader& npz, const std::string& prefix) {
  const auto [rows, cols] = shape_of(npz.read(prefix + "_shape"));
  const auto values = npz.read_if_there(prefix + "_data");
  return make_csr(rows, cols, npz.read(prefix + "_indptr"), npz.read(prefix + "_indices"), values ? &*values : nullptr);
}

/// A scipy CSR matrix, which numpy wraps in an array of one object.
Csr unpickle_csr(const OwnedArray& array) {
  const Pickle pickle(array.data, array.what);
  const PickleValue* value = &pickle.root();
  if (value->kind == PickleValue::Kind::array && value->items.size() == 3) {
    const PickleValue& objects = pickle.at(value->items[2]);
    if (objects.items.size() == 1) value = &pickle.at(objects.items[0]);
  }
  return csr_of(pickle, *value);
}

Graph square_graph(Csr adjacency, const std::string& path) {
  if (adjacency.rows() != adjacency.cols) {
    fail_input("{}: the adjacency has {} rows and {} columns", path, adjacency.rows(), adjacency.cols);
  }
  return undirected_graph(std::move(adjacency));
}

}  // namespace

Dataset read_gnn_benchmark(const NpzReader& npz) {
  Dataset dataset;
  dataset.graph = square_graph(read_csr(npz, "adj"), npz.path());
  if (npz.has("attr_indptr")) {
    dataset.features = sparse_features(read_csr(npz, "attr"), npz.path() + ": attr_indices");
  } else if (const auto dense = npz.read_if_there("attr_matrix")) {
    dataset.features = dense_features(*dense);
  }
  if (const auto labels = npz.read_if_there("labels")) {
    dataset.labels = make_labels(*labels, dataset.nodes(), std::nullopt);
  }
  return dataset;
}

Dataset read_pickled_gnn_benchmark(const NpzReader& npz) {
  Dataset dataset;
  dataset.graph = square_graph(unpickle_csr(npz.read("adj_matrix")), npz.path());
  if (const auto attributes = npz.read_if_there("node_attr")) {
    const bool pickled = attributes->dtype.kind == DType::Kind::object;
    dataset.features =
        pickled ? sparse_features(unpickle_csr(*attributes), attributes->what) : dense_features(*attributes);
  }
  if (const auto labels = npz.read_if_there("node_label")) {
    dataset.labels = make_labels(*labels, dataset.nodes(), std::nullopt);
  }
  return dataset;
}

}  // namespace tersegraph
