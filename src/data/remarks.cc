#include "data/remarks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace tersegraph {
namespace {

/// From here on the first layer's outputs are far from 1.
constexpr float kLargeFeature = 1000;
constexpr size_t kMostListed = 10;

struct FeatureUse {
  std::vector<bool> rows, columns;  ///< that hold a value other than 0
  float largest = 0;

  void see(int64_t row, int64_t column, float value) {
    if (value == 0) return;
    rows[row] = columns[column] = true;
    largest = std::max(largest, std::abs(value));
  }
};

FeatureUse use_of(const DatasetRows& rows, const DatasetShape& shape) {
  FeatureUse use{std::vector<bool>(shape.nodes), std::vector<bool>(shape.features)};
  rows.sparse_features([&](int64_t row, std::span<const int32_t> columns, std::span<const float> values) {
    for (size_t k = 0; k < columns.size(); ++k) use.see(row, columns[k], values.empty() ? 1.0f : values[k]);
  });
  rows.dense_features([&](int64_t first, ConstMatrixView x) {
    for (int64_t i = 0; i < x.rows; ++i) {
      for (int64_t column = 0; column < x.cols; ++column) use.see(first + i, column, x(i, column));
    }
  });
  return use;
}

void remark_on_features(const DatasetRows& rows, std::vector<std::string>& lines) {
  const DatasetShape shape = rows.shape();
  if (shape.features == 0) {
    lines.push_back("there are no features, and training needs some");
    return;
  }
  const FeatureUse use = use_of(rows, shape);
  const auto empty_rows = std::ranges::count(use.rows, false), empty_columns = std::ranges::count(use.columns, false);
  if (empty_rows > 0) lines.push_back(fmt::format("nodes whose features are all 0: {}", empty_rows));
  if (empty_columns > 0) {
    lines.push_back(fmt::format("features that are 0 everywhere: {} of {}", empty_columns, shape.features));
  }
  if (use.largest >= kLargeFeature) {
    lines.push_back(fmt::format("features are as large as {:.3g}; scale the columns first", use.largest));
  }
}

/// Classes, or labels of several, without a node in the training set.
std::vector<int64_t> untrained_classes(const Labels& labels, const Split& split) {
  std::vector<bool> seen(labels.outputs);
  for (const int64_t node : split.train) {
    if (labels.task == Task::multiclass) {
      seen[labels.classes[node]] = true;
      continue;
    }
    for (int64_t output = 0; output < labels.outputs; ++output) {
      if (labels.targets(node, output) == 1) seen[output] = true;
    }
  }
  std::vector<int64_t> untrained;
  for (int64_t output = 0; output < labels.outputs; ++output) {
    if (!seen[output]) untrained.push_back(output);
  }
  return untrained;
}

void remark_on_labels(const Dataset& dataset, std::vector<std::string>& lines) {
  const Labels& labels = dataset.labels;
  if (labels.outputs == 0) {
    lines.push_back("there are no labels, and training needs some");
    return;
  }
  if (dataset.splits.empty()) {
    lines.push_back("there is no split; give one, like --split 0.6,0.2,0.2");
    return;
  }
  const Split& first = dataset.splits.front();
  if (first.val.empty()) lines.push_back("the split has no validation nodes; the last weights will count as the best");
  if (first.test.empty()) lines.push_back("the split has no test nodes");
  if (labels.task == Task::regression) return;
  std::vector<int64_t> untrained = untrained_classes(labels, first);
  if (untrained.empty()) return;
  const size_t count = untrained.size();
  untrained.resize(std::min(count, kMostListed));
  lines.push_back(fmt::format("classes without a training node: {}{}", fmt::join(untrained, ", "),
                              count > kMostListed ? fmt::format(" and {} more", count - kMostListed) : ""));
}

}  // namespace

std::vector<std::string> remarks(const DatasetRows& rows) {
  std::vector<std::string> lines;
  remark_on_features(rows, lines);
  remark_on_labels(rows.head(), lines);
  return lines;
}

}  // namespace tersegraph
