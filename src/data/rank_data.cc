#include "data/rank_data.h"

#include <algorithm>

#include "data/features.h"

namespace tersegraph {

Features WholeData::features(std::span<const int64_t> nodes) const {
  return take_rows(dataset_.features, nodes);
}

Labels WholeData::labels(std::span<const int64_t> nodes) const {
  return take_rows(dataset_.labels, nodes);
}

Labels take_rows(const Labels& labels, std::span<const int64_t> rows) {
  Labels taken;
  taken.task = labels.task;
  taken.outputs = labels.outputs;
  if (labels.task == Task::multiclass) {
    taken.classes.reserve(rows.size());
    for (const int64_t row : rows) taken.classes.push_back(labels.classes[row]);
    return taken;
  }
  taken.targets.reshape(std::ssize(rows), labels.outputs);
  for (int64_t i = 0; i < std::ssize(rows); ++i) {
    std::copy_n(labels.targets.row(rows[i]), labels.outputs, taken.targets.row(i));
  }
  return taken;
}

}  // namespace tersegraph
