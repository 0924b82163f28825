#include "data/joined_labels.h"

#include <algorithm>
#include <utility>

#include "data/split.h"

namespace tersegraph {

Labels room_for_labels(int64_t nodes, Task task, int64_t outputs) {
  Labels labels;
  labels.task = task;
  labels.outputs = outputs;
  if (outputs == 0) return labels;
  if (task == Task::multiclass) {
    labels.classes.resize(nodes);
  } else {
    labels.targets.reshape(nodes, outputs);
  }
  return labels;
}

JoinedLabels::JoinedLabels(const DatasetShape& shape, size_t splits) {
  dataset_.name = shape.name;
  dataset_.graph.adjacency.cols = shape.nodes;
  dataset_.graph.adjacency.indptr.assign(shape.nodes + 1, 0);
  dataset_.labels = room_for_labels(shape.nodes, shape.task, shape.outputs);
  dataset_.splits.resize(splits);
}

void JoinedLabels::add(std::span<const int64_t> owned, const Labels& labels, const std::vector<Split>& splits) {
  Labels& all = dataset_.labels;
  for (size_t i = 0; i < labels.classes.size(); ++i) all.classes[owned[i]] = labels.classes[i];
  for (int64_t i = 0; i < labels.targets.rows(); ++i) {
    std::copy_n(labels.targets.row(i), labels.targets.cols(), all.targets.row(owned[i]));
  }
  for (size_t k = 0; k < splits.size(); ++k) {
    for (const auto set : kSplitSets) {
      auto& whole = dataset_.splits[k].*set;
      whole.insert(whole.end(), (splits[k].*set).begin(), (splits[k].*set).end());
    }
  }
}

Dataset JoinedLabels::take() {
  for (Split& split : dataset_.splits) {
    for (const auto set : kSplitSets) std::ranges::sort(split.*set);
  }
  return std::move(dataset_);
}

}  // namespace tersegraph
