#include "data/validate.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/assemble.h"

namespace tersegraph {
namespace {

/// Classes are columns of a model's output: more than nodes, and than these, are a mistake.
constexpr int64_t kManyClasses = 1 << 20;

void validate_graph(const Graph& graph, const std::string& where) {
  const Csr& a = graph.adjacency;
  if (a.rows() < 1) fail_input("{}: the graph has no nodes", where);
  check_csr(a, {where + ": adj_indptr", where + ": adj_indices", where + ": edge_weight"});
  if (a.cols != a.rows()) fail_input("{}: the adjacency has {} rows and {} columns", where, a.rows(), a.cols);
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t e = a.indptr[i] + 1; e < a.indptr[i + 1]; ++e) {
      if (a.indices[e] <= a.indices[e - 1]) fail_input("{}: adj_indices of row {} do not ascend", where, i);
    }
  }
  if (graph.directed || is_symmetric(a)) return;
  fail_input(
      "{}: the adjacency is not symmetric (an edge without its reverse, or with another weight); add the reverse "
      "edges, "
      "or the array directed = 1",
      where);
}

void validate_features(const Features& features, int64_t nodes, const std::string& where) {
  if (features.empty()) return;
  if (features.rows() != nodes) fail_input("{}: features of {} nodes, and {} nodes", where, features.rows(), nodes);
  if (features.cols() > kMostFeatures) {
    fail_input("{}: {} features a node are more than the {} that can be; see that their shape is right", where,
               features.cols(), kMostFeatures);
  }
  if (features.is_sparse) {
    return check_csr(features.sparse, {where + ": attr_indptr", where + ": attr_indices", where + ": attr_data"});
  }
  const Matrix& x = features.dense;
  const float* const end = x.data() + x.size();
  const float* const bad = std::find_if<const float*>(x.data(), end, [](float value) { return !std::isfinite(value); });
  if (bad == end) return;
  const int64_t entry = bad - x.data();
  fail_input("{}: attr of node {}, column {} is {}; replace it by a number", where, entry / x.cols(), entry % x.cols(),
             *bad);
}

void validate_labels(const Labels& labels, int64_t nodes, const std::string& where) {
  if (labels.outputs == 0) return;
  const int64_t rows =
      labels.task == Task::multiclass ? static_cast<int64_t>(labels.classes.size()) : labels.targets.rows();
  if (rows != nodes) fail_input("{}: labels of {} nodes, and {} nodes", where, rows, nodes);
  if (labels.task == Task::multiclass) {
    if (labels.outputs > std::max(nodes, kManyClasses)) {
      fail_input("{}: labels go up to class {}, and there are {} nodes; number the classes from 0, one after the other",
                 where, labels.outputs - 1, nodes);
    }
    for (int64_t v = 0; v < nodes; ++v) {
      const int32_t label = labels.classes[v];
      if (label < -1 || label >= labels.outputs) {
        fail_input("{}: label of node {} is {}, outside -1..{} (-1: unlabelled)", where, v, label, labels.outputs - 1);
      }
    }
    return;
  }
  if (labels.targets.cols() != labels.outputs) {
    fail_input("{}: labels have {} columns, and {} outputs", where, labels.targets.cols(), labels.outputs);
  }
  const bool multilabel = labels.task == Task::multilabel;
  for (int64_t i = 0; i < labels.targets.size(); ++i) {
    const float value = labels.targets.data()[i];
    if (multilabel ? value == 0 || value == 1 : !std::isinf(value)) continue;
    fail_input("{}: label of node {}, column {} is {}; {}", where, i / labels.outputs, i % labels.outputs, value,
               multilabel ? "several labels a node are stored as 0 and 1" : "mark missing values by NaN");
  }
}

void validate_node_ids(const std::vector<int64_t>& ids, int64_t nodes, const std::string& where) {
  if (ids.empty()) return;
  if (static_cast<int64_t>(ids.size()) != nodes) {
    fail_input("{}: node_ids of {} nodes, and {} nodes", where, ids.size(), nodes);
  }
  std::vector<int64_t> sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) fail_input("{}: node_ids hold {} twice", where, *twice);
}

}  // namespace

bool Labels::labelled(int64_t node) const {
  if (outputs == 0) return false;
  if (task == Task::multiclass) return classes[node] >= 0;
  const float* const row = targets.row(node);
  return std::none_of(row, row + outputs, [](float target) { return std::isnan(target); });
}

void validate_split(const Dataset& dataset, const Split& split, const std::string& where) {
  std::vector<bool> used(dataset.nodes(), false);
  const auto check = [&](const std::vector<int64_t>& set, std::string_view name) {
    for (size_t i = 0; i < set.size(); ++i) {
      const int64_t v = set[i];
      if (v < 0 || v >= dataset.nodes()) fail_input("{}: {} node {} does not exist", where, name, v);
      if (i > 0 && v <= set[i - 1]) fail_input("{}: {} nodes do not ascend at {}", where, name, v);
      if (used[v]) fail_input("{}: node {} of {} is in an earlier set too; sets must not overlap", where, v, name);
      if (!dataset.labels.labelled(v)) fail_input("{}: {} node {} has no label", where, name, v);
      used[v] = true;
    }
  };
  check(split.train, "train");
  check(split.val, "val");
  check(split.test, "test");
}

void validate_node_data(const Dataset& dataset, const std::string& where) {
  validate_labels(dataset.labels, dataset.nodes(), where);
  for (size_t k = 0; k < dataset.splits.size(); ++k) {
    validate_split(dataset, dataset.splits[k], fmt::format("{}: split {}", where, k));
  }
  validate_node_ids(dataset.node_ids, dataset.nodes(), where);
}

void validate(const Dataset& dataset, const std::string& where) {
  validate_graph(dataset.graph, where);
  validate_features(dataset.features, dataset.nodes(), where);
  validate_node_data(dataset, where);
}

void validate(const Dataset& dataset) {
  validate(dataset, fmt::format("dataset '{}'", dataset.name));
}

}  // namespace tersegraph
