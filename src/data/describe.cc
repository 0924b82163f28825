#include "data/describe.h"

#include <algorithm>
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

/// What the edges tell, row by row.
class EdgeCount {
 public:
  explicit EdgeCount(const Dataset& head) : labels_(head.labels), touched_(head.nodes()) {}

  void see(int64_t u, std::span<const int32_t> targets) {
    longest_ = std::max(longest_, std::ssize(targets));
    for (const int32_t v : targets) {
      if (v == u) continue;
      touched_[u] = touched_[v] = true;
    }
    if (labels_.classes.empty()) return;
    const int32_t own = labels_.classes[u];
    for (const int32_t v : targets) {
      const int32_t other = labels_.classes[v];
      both_ += own >= 0 && other >= 0;
      same_ += own >= 0 && own == other;
    }
  }

  int64_t max_degree() const { return longest_; }
  int64_t isolated() const { return std::ranges::count(touched_, false); }
  double homophily() const {
    return both_ == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(same_) / static_cast<double>(both_);
  }

 private:
  const Labels& labels_;
  std::vector<bool> touched_;
  int64_t longest_ = 0, both_ = 0, same_ = 0;
};

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

DatasetFacts describe(const DatasetRows& rows) {
  const Dataset& head = rows.head();
  DatasetFacts facts;
  static_cast<DatasetShape&>(facts) = rows.shape();
  facts.format = head.format;
  facts.mean_degree = facts.nodes == 0 ? 0 : static_cast<double>(facts.edges) / static_cast<double>(facts.nodes);
  EdgeCount edges(head);
  rows.edges([&](int64_t u, std::span<const int32_t> targets, std::span<const float>) { edges.see(u, targets); });
  facts.max_degree = edges.max_degree();
  facts.isolated = edges.isolated();
  facts.edge_homophily = edges.homophily();
  facts.feature_density = density(facts);
  for (int64_t v = 0; v < facts.nodes; ++v) facts.labelled += head.labels.labelled(v);
  facts.class_counts = count_classes(head.labels);
  for (const Split& split : head.splits) {
    facts.splits.push_back({std::ssize(split.train), std::ssize(split.val), std::ssize(split.test)});
  }
  facts.remarks = remarks(rows);
  return facts;
}

DatasetFacts describe(const Dataset& dataset) {
  return describe(WholeRows(dataset));
}

}  // namespace tersegraph
