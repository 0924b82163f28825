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

/// An array of `size` elements, which pass(see) shows piece by piece.
template <class T, class Pass>
void add_pieces(NpzWriter& npz, const char* name, const std::vector<int64_t>& shape, Pass&& pass) {
  npz.begin<T>(name, shape);
  pass([&](std::span<const T> piece) { npz.write(piece); });
  npz.end();
}

/// The columns and, where there are any, the values of a sparse matrix of so many entries; `read` reads its rows.
template <class Read>
void add_entries(NpzWriter& npz, const char* columns_name, const char* values_name, int64_t entries, bool weighted,
                 Read&& read) {
  add_pieces<int32_t>(npz, columns_name, {entries}, [&](auto&& write) {
    read([&](int64_t, std::span<const int32_t> columns, std::span<const float>) { write(columns); });
  });
  if (!weighted) return;
  add_pieces<float>(npz, values_name, {entries}, [&](auto&& write) {
    read([&](int64_t, std::span<const int32_t>, std::span<const float> values) { write(values); });
  });
}

void add_graph(NpzWriter& npz, const DatasetRows& rows) {
  const DatasetShape shape = rows.shape();
  npz.add("num_nodes", std::vector<int64_t>{shape.nodes});
  npz.add("adj_indptr", rows.indptr());
  add_entries(npz, "adj_indices", "edge_weight", shape.edges, shape.weighted,
              [&](const DatasetRows::SeeSparse& see) { rows.edges(see); });
  if (shape.directed) npz.add("directed", std::vector<uint8_t>{1});
}

void add_sparse_features(NpzWriter& npz, const DatasetRows& rows, const DatasetShape& shape) {
  std::vector<int64_t> indptr{0};
  bool weighted = false;
  rows.sparse_features([&](int64_t, std::span<const int32_t> columns, std::span<const float> values) {
    indptr.push_back(indptr.back() + std::ssize(columns));
    weighted = weighted || !values.empty();
  });
  npz.add("attr_shape", std::vector<int64_t>{shape.nodes, shape.features});
  npz.add("attr_indptr", indptr);
  add_entries(npz, "attr_indices", "attr_data", indptr.back(), weighted,
              [&](const DatasetRows::SeeSparse& see) { rows.sparse_features(see); });
}

void add_features(NpzWriter& npz, const DatasetRows& rows) {
  const DatasetShape shape = rows.shape();
  if (shape.features == 0) return;
  if (shape.sparse_features) return add_sparse_features(npz, rows, shape);
  add_pieces<float>(npz, "attr", {shape.nodes, shape.features}, [&](auto&& write) {
    rows.dense_features([&](int64_t, ConstMatrixView x) { write({x.data, static_cast<size_t>(x.size())}); });
  });
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

void add_masks(NpzWriter& npz, const std::vector<Split>& splits, int64_t nodes, std::string_view name,
               std::vector<int64_t> Split::*set) {
  std::vector<uint8_t> masks(splits.size() * static_cast<size_t>(nodes), 0);
  for (size_t k = 0; k < splits.size(); ++k) {
    for (const int64_t v : splits[k].*set) masks[static_cast<int64_t>(k) * nodes + v] = 1;
  }
  if (splits.size() == 1) return npz.add(name, masks);
  const std::vector<int64_t> shape = {std::ssize(splits), nodes};
  npz.add<uint8_t>(fmt::format("{}s", name), masks, shape);
}

}  // namespace

void save_dataset(const DatasetRows& rows, const std::string& path) {
  const Dataset& head = rows.head();
  NpzWriter npz(path);
  add_graph(npz, rows);
  add_features(npz, rows);
  add_labels(npz, head.labels);
  if (!head.splits.empty()) {
    const int64_t nodes = rows.shape().nodes;
    add_masks(npz, head.splits, nodes, "train_mask", &Split::train);
    add_masks(npz, head.splits, nodes, "val_mask", &Split::val);
    add_masks(npz, head.splits, nodes, "test_mask", &Split::test);
  }
  if (!head.node_ids.empty()) npz.add("node_ids", head.node_ids);
  npz.finish();
}

void save_dataset(const Dataset& dataset, const std::string& path) {
  save_dataset(WholeRows(dataset), path);
}

}  // namespace tersegraph
