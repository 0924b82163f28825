#include "data/assemble.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "base/error.h"
#include "data/memory_limit.h"

namespace tersegraph {
namespace {

// Whole numbers up to here are exact as fractions, and no data set has more classes.
constexpr float kMostClasses = 1 << 20;
constexpr int64_t kMostRows = std::numeric_limits<int32_t>::max();

Labels class_labels(const ArrayView& labels, int64_t nodes, std::optional<int64_t> classes) {
  Labels result;
  result.classes = to_vector<int32_t>(labels);
  const int64_t largest = result.classes.empty() ? -1 : *std::max_element(result.classes.begin(), result.classes.end());
  if (!classes && largest >= std::max<int64_t>(nodes, 1)) {
    fail_input("{}: label {} is more than there are nodes; number the classes from 0 or state num_classes", labels.what,
               largest);
  }
  result.outputs = classes.value_or(largest + 1);
  return result;
}

/// Makes a row's columns ascend.
void sort_row(Csr& a, int64_t row) {
  const auto begin = a.indices.begin() + a.indptr[row], end = a.indices.begin() + a.indptr[row + 1];
  if (std::is_sorted(begin, end)) return;
  if (!a.weighted()) return std::sort(begin, end);
  std::vector<std::pair<int32_t, float>> entries;
  for (int64_t e = a.indptr[row]; e < a.indptr[row + 1]; ++e) entries.emplace_back(a.indices[e], a.values[e]);
  std::sort(entries.begin(), entries.end());
  int64_t to = a.indptr[row];
  for (const auto& [column, value] : entries) a.indices[to] = column, a.values[to++] = value;
}

/// The set nodes of each row of a (k, n) or (n,) mask.
std::vector<std::vector<int64_t>> read_masks(const ArrayView& masks, int64_t nodes) {
  if (masks.dimensions() < 1 || masks.dimensions() > 2 || masks.shape.back() != nodes) {
    fail_input("{}: has shape {} where ({},) or (splits, {}) is needed", masks.what, masks.shape_words(), nodes, nodes);
  }
  if (masks.size() == 0) return {};
  const std::vector<uint8_t> values = to_vector<uint8_t>(masks);
  std::vector<std::vector<int64_t>> sets(masks.dimensions() == 2 ? masks.shape[0] : 1);
  for (size_t k = 0; k < sets.size(); ++k) {
    for (int64_t v = 0; v < nodes; ++v) {
      const uint8_t value = values[static_cast<int64_t>(k) * nodes + v];
      if (value > 1) fail_input("{}: holds {} at node {}; a mask holds 0 and 1", masks.what, value, v);
      if (value == 1) sets[k].push_back(v);
    }
  }
  return sets;
}

}  // namespace

namespace {

void check_row_pointers(const std::vector<int64_t>& indptr, int64_t entries, const std::string& name,
                        const std::string& indices) {
  if (indptr.empty() || indptr.front() != 0) fail_input("{}: must start with 0", name);
  const auto falls = std::ranges::adjacent_find(indptr, std::greater<>());
  if (falls != indptr.end()) {
    fail_input("{}: falls from {} to {} at row {}", name, falls[0], falls[1], falls - indptr.begin());
  }
  if (indptr.back() != entries) {
    fail_input("{}: ends with {}, and {} has {} entries", name, indptr.back(), indices, entries);
  }
}

}  // namespace

void check_csr(const Csr& a, const CsrNames& names) {
  check_row_pointers(a.indptr, std::ssize(a.indices), names.indptr, names.indices);
  for (size_t e = 0; e < a.indices.size(); ++e) {
    if (a.indices[e] < 0 || a.indices[e] >= a.cols) {
      fail_input("{}: entry {} is {}, outside 0..{}", names.indices, e, a.indices[e], a.cols - 1);
    }
  }
  if (!a.values.empty() && a.values.size() != a.indices.size()) {
    fail_input("{}: has {} entries, and {} has {}", names.values, a.values.size(), names.indices, a.indices.size());
  }
  const auto bad = std::find_if(a.values.begin(), a.values.end(), [](float value) { return !std::isfinite(value); });
  if (bad != a.values.end()) {
    fail_input("{}: entry {} is {}; replace it by a number", names.values, bad - a.values.begin(), *bad);
  }
}

std::vector<int64_t> row_pointers(int64_t rows, const ArrayView& indptr, int64_t entries, const std::string& indices) {
  if (rows < 0 || rows > kMostRows) fail_input("{}: {} rows are outside 0..{}", indptr.what, rows, kMostRows);
  if (indptr.dimensions() != 1 || indptr.size() != rows + 1) {
    fail_input("{}: has shape {} where ({},) is needed for {} rows", indptr.what, indptr.shape_words(), rows + 1, rows);
  }
  std::vector<int64_t> pointers = to_vector<int64_t>(indptr);
  check_row_pointers(pointers, entries, indptr.what, indices);
  return pointers;
}

Csr make_csr(int64_t rows, int64_t cols, const ArrayView& indptr, const ArrayView& indices, const ArrayView* values) {
  if (cols < 0 || cols > kMostRows) fail_input("{}: {} columns are outside 0..{}", indptr.what, cols, kMostRows);
  Csr a;
  a.cols = cols;
  a.indptr = row_pointers(rows, indptr, indices.size(), indices.what);
  a.indices = to_vector<int32_t>(indices);
  if (values != nullptr) a.values = to_vector<float>(*values);
  check_csr(a, {indptr.what, indices.what, values != nullptr ? values->what : ""});
  return a;
}

std::pair<int64_t, int64_t> shape_of(const ArrayView& shape) {
  const std::vector<int64_t> extents = to_vector<int64_t>(shape);
  if (extents.size() != 2) fail_input("{}: must hold two numbers, rows and columns", shape.what);
  return {extents[0], extents[1]};
}

Features sparse_features(Csr attributes, const std::string& what) {
  for (int64_t i = 0; i < attributes.rows(); ++i) {
    sort_row(attributes, i);
    const auto end = attributes.indices.begin() + attributes.indptr[i + 1];
    if (std::adjacent_find(attributes.indices.begin() + attributes.indptr[i], end) != end) {
      fail_input("{}: a row lists a column twice; merge them (scipy's sum_duplicates)", what);
    }
  }
  Features features;
  features.is_sparse = true;
  features.sparse = std::move(attributes);
  return features;
}

void check_stated_nodes(int64_t nodes, int64_t entries, const std::string& what) {
  constexpr int64_t kAlways = 1 << 20, kPerEntry = 64;
  if (nodes > kAlways && nodes / kPerEntry > entries) {
    fail_input("{}: states {} nodes, and lists {} edges: fewer than one for {} nodes", what, nodes, entries, kPerEntry);
  }
  check_fits_in_memory(static_cast<uint64_t>(nodes) * 24, what + ": its graph");
}

Features dense_features(const ArrayView& attributes) {
  if (attributes.dimensions() != 2) {
    fail_input("{}: has shape {} where (nodes, features) is needed", attributes.what, attributes.shape_words());
  }
  Features features;
  if (attributes.shape[1] > 0) features.dense = matrix_of(attributes);
  return features;
}

Graph undirected_graph(Csr adjacency) {
  if (adjacency.weighted()) {
    int64_t kept = 0, begin = 0;
    for (int64_t i = 0; i < adjacency.rows(); ++i) {
      const int64_t end = adjacency.indptr[i + 1];
      for (int64_t e = begin; e < end; ++e) {
        if (adjacency.values[e] != 0) adjacency.indices[kept++] = adjacency.indices[e];
      }
      begin = end;
      adjacency.indptr[i + 1] = kept;
    }
    adjacency.indices.resize(kept);
    adjacency.values.clear();
  }
  return build_graph(std::move(adjacency), {.symmetrise = true, .remove_self_loops = true});
}

Matrix matrix_of(const ArrayView& array) {
  if (array.dimensions() < 1 || array.dimensions() > 2) {
    fail_input("{}: has shape {} where (nodes,) or (nodes, columns) is needed", array.what, array.shape_words());
  }
  Matrix matrix(array.shape[0], array.dimensions() == 2 ? array.shape[1] : 1);
  copy_to(array, matrix);
  return matrix;
}

Graph graph_of_edges(int64_t nodes, std::span<const Edge> edges, std::span<const float> weights,
                     EdgeDirection direction) {
  const bool symmetrise = direction == EdgeDirection::symmetrise;
  Graph graph = build_graph(nodes, edges, weights, {.symmetrise = symmetrise, .remove_self_loops = true});
  // Of an edge that is listed both ways with two weights, each direction would keep its own.
  if (symmetrise && graph.adjacency.weighted()) {
    graph = build_graph(std::move(graph.adjacency), {.symmetrise = true, .remove_self_loops = true});
  }
  if (!symmetrise) graph.directed = !is_symmetric(graph.adjacency);
  return graph;
}

Graph graph_of_edge_index(int64_t nodes, const ArrayView& edge_index, EdgeDirection direction) {
  if (edge_index.dimensions() != 2 || edge_index.shape[0] != 2) {
    fail_input("{}: has shape {} where (2, edges) is needed", edge_index.what, edge_index.shape_words());
  }
  const std::vector<int64_t> ends = to_vector<int64_t>(edge_index);
  std::vector<Edge> edges(ends.size() / 2);
  for (size_t e = 0; e < edges.size(); ++e) {
    edges[e] = {ends[e], ends[edges.size() + e]};
    for (const int64_t v : {edges[e].first, edges[e].second}) {
      if (v < 0 || v >= nodes) fail_input("{}: edge {} has node {}, outside 0..{}", edge_index.what, e, v, nodes - 1);
    }
  }
  return graph_of_edges(nodes, edges, {}, direction);
}

Labels labels_of_numbers(Matrix numbers, const std::string& what) {
  Labels labels;
  const std::span<const float> values(numbers.data(), static_cast<size_t>(numbers.size()));
  if (numbers.cols() == 1) {
    labels.classes.resize(values.size());
    for (size_t v = 0; v < values.size(); ++v) {
      if (std::isnan(values[v])) {
        labels.classes[v] = -1;
      } else if (values[v] < -1 || values[v] >= kMostClasses || values[v] != std::floor(values[v])) {
        fail_input("{}: label of node {} is {}; classes are 0, 1, ... and -1 or nan where there is none", what, v,
                   values[v]);
      } else {
        labels.classes[v] = static_cast<int32_t>(values[v]);
      }
      labels.outputs = std::max<int64_t>(labels.outputs, labels.classes[v] + 1);
    }
    return labels;
  }
  labels.task = Task::multilabel;
  labels.outputs = numbers.cols();
  labels.targets = std::move(numbers);
  return labels;
}

Labels make_labels(const ArrayView& labels, int64_t nodes, std::optional<int64_t> classes) {
  if (labels.dimensions() < 1 || labels.dimensions() > 2 || labels.shape[0] != nodes) {
    fail_input("{}: has shape {} where ({},) or ({}, outputs) is needed", labels.what, labels.shape_words(), nodes,
               nodes);
  }
  if (classes && (*classes < 1 || *classes > kMostRows)) {
    fail_input("{}: {} classes are stated; state 1 to {}", labels.what, *classes, kMostRows);
  }
  if (labels.dimensions() == 1 && !labels.dtype.is_float()) return class_labels(labels, nodes, classes);
  Labels result;
  result.task = labels.dtype.is_float() ? Task::regression : Task::multilabel;
  result.targets = matrix_of(labels);
  result.outputs = result.targets.cols();
  if (classes && *classes != result.outputs) {
    fail_input("{}: has {} columns, and num_classes says {}", labels.what, result.outputs, *classes);
  }
  return result;
}

std::vector<Split> make_splits(const ArrayView& train, const ArrayView* val, const ArrayView* test, int64_t nodes) {
  auto train_sets = read_masks(train, nodes);
  std::vector<Split> splits(train_sets.size());
  const auto fill = [&](std::vector<int64_t> Split::*member, std::vector<std::vector<int64_t>> sets,
                        const std::string& what) {
    if (sets.size() != splits.size()) {
      fail_input("{}: holds {} splits, and the training masks hold {}", what, sets.size(), splits.size());
    }
    for (size_t k = 0; k < splits.size(); ++k) splits[k].*member = std::move(sets[k]);
  };
  fill(&Split::train, std::move(train_sets), train.what);
  if (val != nullptr) fill(&Split::val, read_masks(*val, nodes), val->what);
  if (test != nullptr) fill(&Split::test, read_masks(*test, nodes), test->what);
  return splits;
}

}  // namespace tersegraph
