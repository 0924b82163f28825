#include <algorithm>

#include "base/error.h"
#include "data/assemble.h"
#include "data/formats.h"

namespace tersegraph {
namespace {

/// (a, b) seen as (b, a), nothing moved.
ArrayView turned(ArrayView array) {
  if (array.dimensions() != 2) return array;
  std::swap(array.shape[0], array.shape[1]);
  array.fortran = !array.fortran;
  return array;
}

/// Several splits are columns of a mask.
std::vector<Split> read_splits(const NpzReader& npz, int64_t nodes) {
  const auto train = npz.read_if_there("train_mask");
  if (!train) return {};
  const auto val = npz.read_if_there("val_mask"), test = npz.read_if_there("test_mask");
  const ArrayView val_view = val ? turned(*val) : ArrayView(), test_view = test ? turned(*test) : ArrayView();
  return make_splits(turned(*train), val ? &val_view : nullptr, test ? &test_view : nullptr, nodes);
}

Labels read_labels(const OwnedArray& y, int64_t nodes) {
  ArrayView view = y;
  if (view.dimensions() == 2 && view.shape[1] == 1) view.shape.pop_back();
  Labels labels = make_labels(view, nodes, std::nullopt);
  // Several labels a node come as 0.0 and 1.0, since its loss wants fractions.
  const float* const begin = labels.targets.data();
  if (labels.task == Task::regression && labels.outputs > 1 &&
      std::all_of(begin, begin + labels.targets.size(), [](float t) { return t == 0 || t == 1; })) {
    labels.task = Task::multilabel;
  }
  return labels;
}

int64_t count_nodes(const NpzReader& npz, const Features& features) {
  if (!features.empty()) return features.rows();
  if (const auto y = npz.read_if_there("y"); y && y->size() > 0 && y->dimensions() > 0) return y->shape[0];
  if (const auto stated = npz.read_if_there("num_nodes")) {
    const int64_t nodes = to_integer(*stated);
    check_stated_nodes(nodes, npz.read("edge_index").size() / 2, npz.path());
    if (nodes > 0 && nodes <= INT32_MAX) return nodes;
  }
  fail_input("{}: does not say how many nodes there are; add x, y or num_nodes", npz.path());
}

}  // namespace

Dataset read_pyg(const NpzReader& npz) {
  Dataset dataset;
  if (const auto x = npz.read_if_there("x")) dataset.features = dense_features(*x);
  const int64_t nodes = count_nodes(npz, dataset.features);
  dataset.graph = graph_of_edge_index(nodes, npz.read("edge_index"), EdgeDirection::keep);
  if (const auto y = npz.read_if_there("y")) dataset.labels = read_labels(*y, nodes);
  dataset.splits = read_splits(npz, nodes);
  return dataset;
}

Dataset read_musae(const NpzReader& npz) {
  Dataset dataset;
  dataset.features = dense_features(npz.read("features"));
  dataset.graph = graph_of_edge_index(dataset.features.rows(), turned(npz.read("edges")), EdgeDirection::symmetrise);
  dataset.labels = read_labels(npz.read("target"), dataset.nodes());
  return dataset;
}

}  // namespace tersegraph
