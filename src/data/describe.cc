#include "data/describe.h"

#include <limits>

#include "data/remarks.h"

namespace tersegraph {
namespace {

std::vector<int64_t> count_classes(const Labels& labels) {
  if (labels.task == Task::regression) return {};
  std::vector<int64_t> counts(labels.outputs, 0);
  for (const int32_t c : labels.classes) {
    if (c >= 0) ++counts[c];
  }
  for (int64_t v = 0; v < labels.targets.rows(); ++v) {
    for (int64_t c = 0; c < labels.outputs; ++c) counts[c] += labels.targets(v, c) == 1;
  }
  return counts;
}

double edge_homophily(const Csr& a, const Labels& labels) {
  int64_t both = 0, same = 0;
  if (!labels.classes.empty()) {
    for (int64_t i = 0; i < a.rows(); ++i) {
      for (int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e) {
        const int32_t x = labels.classes[i], y = labels.classes[a.indices[e]];
        both += x >= 0 && y >= 0;
        same += x >= 0 && x == y;
      }
    }
  }
  return both == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(same) / static_cast<double>(both);
}

double density(const DatasetShape& shape) {
  if (shape.features == 0) return 0;
  return static_cast<double>(shape.feature_entries) /
         (static_cast<double>(shape.nodes) * static_cast<double>(shape.features));
}

}  // namespace

std::string_view task_name(Task task) {
  switch (task) {
    case Task::multiclass:
      return "multiclass";
    case Task::multilabel:
      return "multilabel";
    case Task::regression:
      return "regression";
  }
  return "";
}

DatasetShape shape_of(const Dataset& dataset) {
  const Features& x = dataset.features;
  return {.name = dataset.name,
          .nodes = dataset.nodes(),
          .edges = dataset.graph.edges(),
          .directed = dataset.graph.directed,
          .weighted = dataset.graph.adjacency.weighted(),
          .features = x.cols(),
          .feature_entries = x.is_sparse ? x.sparse.nnz() : x.dense.size(),
          .sparse_features = x.is_sparse,
          .task = dataset.labels.task,
          .outputs = dataset.labels.outputs};
}

DatasetFacts describe(const Dataset& dataset) {
  const GraphFacts graph = inspect(dataset.graph);
  DatasetFacts facts;
  static_cast<DatasetShape&>(facts) = shape_of(dataset);
  facts.format = dataset.format;
  facts.mean_degree = facts.nodes == 0 ? 0 : static_cast<double>(facts.edges) / static_cast<double>(facts.nodes);
  facts.max_degree = graph.max_degree;
  facts.isolated = graph.isolated;
  facts.feature_density = density(facts);
  for (int64_t v = 0; v < facts.nodes; ++v) facts.labelled += dataset.labels.labelled(v);
  facts.class_counts = count_classes(dataset.labels);
  facts.edge_homophily = edge_homophily(dataset.graph.adjacency, dataset.labels);
  for (const Split& split : dataset.splits) {
    facts.splits.push_back({std::ssize(split.train), std::ssize(split.val), std::ssize(split.test)});
  }
  facts.remarks = remarks(dataset);
  return facts;
}

}  // namespace tersegraph
