#include <limits>
#include <utility>

#include "base/error.h"
#include "data/assemble.h"
#include "data/formats.h"

namespace tersegraph {
namespace {

const ArrayView* pointer(const std::optional<OwnedArray>& array) {
  return array ? &*array : nullptr;
}

/// Files from elsewhere may have rows in any order; the graph never does.
bool is_tidy(const Csr& a) {
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e) {
      if (a.indices[e] == i || (e > a.indptr[i] && a.indices[e] <= a.indices[e - 1])) return false;
    }
  }
  return true;
}

int64_t node_count(const NpzReader& npz, const ArrayView& indptr) {
  const auto stated = npz.read_if_there("num_nodes");
  if (!stated) return indptr.size() - 1;
  const int64_t nodes = to_integer(*stated);
  if (nodes < 1) fail_input("{}: is {}; a graph has a node at least", stated->what, nodes);
  return nodes;
}

bool says_directed(const NpzReader& npz) {
  const auto directed = npz.read_if_there("directed");
  return directed && to_integer(*directed) != 0;
}

Graph read_graph(const NpzReader& npz) {
  const OwnedArray indptr = npz.read("adj_indptr");
  const OwnedArray indices = npz.read("adj_indices");
  const std::optional<OwnedArray> weights = npz.read_if_there("edge_weight");
  const int64_t nodes = node_count(npz, indptr);
  Graph graph;
  graph.adjacency = make_csr(nodes, nodes, indptr, indices, pointer(weights));
  if (!is_tidy(graph.adjacency)) {
    graph = build_graph(std::move(graph.adjacency), {.symmetrise = false, .remove_self_loops = true});
  }
  graph.directed = says_directed(npz);
  return graph;
}

Features read_features(const NpzReader& npz) {
  if (const auto dense = npz.read_if_there("attr")) return dense_features(*dense);
  if (!npz.has("attr_indptr")) return {};
  const auto [rows, cols] = shape_of(npz.read("attr_shape"));
  const std::optional<OwnedArray> values = npz.read_if_there("attr_data");
  return sparse_features(make_csr(rows, cols, npz.read("attr_indptr"), npz.read("attr_indices"), pointer(values)),
                         npz.path() + ": attr_indices");
}

Labels read_labels(const NpzReader& npz, int64_t nodes) {
  const auto labels = npz.read_if_there("labels");
  if (!labels) return {};
  std::optional<int64_t> classes;
  if (const auto stated = npz.read_if_there("num_classes")) classes = to_integer(*stated);
  return make_labels(*labels, nodes, classes);
}

std::vector<Split> read_splits(const NpzReader& npz, int64_t nodes) {
  for (const std::string plural : {"s", ""}) {
    const auto train = npz.read_if_there("train_mask" + plural);
    const auto val = npz.read_if_there("val_mask" + plural);
    const auto test = npz.read_if_there("test_mask" + plural);
    if (train) return make_splits(*train, pointer(val), pointer(test), nodes);
    if (val || test) fail_input("{}: has no array 'train_mask{}' beside the other masks", npz.path(), plural);
  }
  return {};
}

void read_node_data(const NpzReader& npz, Dataset& dataset) {
  dataset.labels = read_labels(npz, dataset.nodes());
  dataset.splits = read_splits(npz, dataset.nodes());
  if (const auto ids = npz.read_if_there("node_ids")) dataset.node_ids = to_vector<int64_t>(*ids);
}

}  // namespace

bool in_schema(const NpzReader& npz) {
  return npz.has("adj_indptr") && (npz.has("num_nodes") || !npz.has("adj_shape"));
}

Dataset read_tersegraph(const NpzReader& npz) {
  Dataset dataset;
  dataset.graph = read_graph(npz);
  dataset.features = read_features(npz);
  read_node_data(npz, dataset);
  return dataset;
}

Dataset read_head(const NpzReader& npz) {
  Dataset head;
  const OwnedArray indptr = npz.read("adj_indptr");
  const int64_t nodes = node_count(npz, indptr);
  const SlabReader indices = npz.open("adj_indices");
  head.graph.adjacency.cols = nodes;
  head.graph.adjacency.indptr = row_pointers(nodes, indptr, indices.rows(), indices.what());
  head.graph.directed = says_directed(npz);
  read_node_data(npz, head);
  return head;
}

namespace {

void add_graph(NpzWriter& npz, const Graph& graph) {
  npz.add("num_nodes", std::vector<int64_t>{graph.nodes()});
  npz.add("adj_indptr", graph.adjacency.indptr);
  npz.add("adj_indices", graph.adjacency.indices);
  if (graph.adjacency.weighted()) npz.add("edge_weight", graph.adjacency.values);
  if (graph.directed) npz.add("directed", std::vector<uint8_t>{1});
}

void add_features(NpzWriter& npz, const Features& features) {
  if (features.empty()) return;
  const std::vector<int64_t> shape = {features.rows(), features.cols()};
  if (!features.is_sparse) {
    const Matrix& x = features.dense;
    npz.add("attr", std::span<const float>(x.data(), static_cast<size_t>(x.size())), shape);
    return;
  }
  npz.add("attr_shape", shape);
  npz.add("attr_indptr", features.sparse.indptr);
  npz.add("attr_indices", features.sparse.indices);
  if (features.sparse.weighted()) npz.add("attr_data", features.sparse.values);
}

void add_labels(NpzWriter& npz, const Labels& labels) {
  if (labels.outputs == 0) return;
  if (labels.task == Task::multiclass) {
    npz.add("labels", labels.classes);
    npz.add("num_classes", std::vector<int32_t>{static_cast<int32_t>(labels.outputs)});
    return;
  }
  const std::vector<int64_t> shape = {labels.targets.rows(), labels.targets.cols()};
  const std::span<const float> targets(labels.targets.data(), static_cast<size_t>(labels.targets.size()));
  if (labels.task == Task::regression) return npz.add("labels", targets, shape);
  npz.add<uint8_t>("labels", std::vector<uint8_t>(targets.begin(), targets.end()), shape);
}

void add_masks(NpzWriter& npz, const Dataset& dataset, std::string_view name, std::vector<int64_t> Split::*set) {
  const int64_t nodes = dataset.nodes();
  std::vector<uint8_t> masks(dataset.splits.size() * static_cast<size_t>(nodes), 0);
  for (size_t k = 0; k < dataset.splits.size(); ++k) {
    for (const int64_t v : dataset.splits[k].*set) masks[static_cast<int64_t>(k) * nodes + v] = 1;
  }
  if (dataset.splits.size() == 1) return npz.add(name, masks);
  const std::vector<int64_t> shape = {std::ssize(dataset.splits), nodes};
  npz.add<uint8_t>(fmt::format("{}s", name), masks, shape);
}

}  // namespace

void save_dataset(const Dataset& dataset, const std::string& path) {
  NpzWriter npz(path);
  add_graph(npz, dataset.graph);
  add_features(npz, dataset.features);
  add_labels(npz, dataset.labels);
  if (!dataset.splits.empty()) {
    add_masks(npz, dataset, "train_mask", &Split::train);
    add_masks(npz, dataset, "val_mask", &Split::val);
    add_masks(npz, dataset, "test_mask", &Split::test);
  }
  if (!dataset.node_ids.empty()) npz.add("node_ids", dataset.node_ids);
  npz.finish();
}

}  // namespace tersegraph
