#pragma once

#include "data/dataset.h"
#include "reference/random_graphs.h"

namespace tersegraph::testing {

constexpr int64_t kNodes = 40, kFeatures = 6, kClasses = 3;

/// Directed, weighted, two nodes isolated; the features of one node are all zero.
inline Dataset small_dataset(bool sparse, int64_t features = kFeatures, double density = 0.5) {
  Dataset dataset;
  dataset.graph = reference::random_graph(kNodes, 110, true, true, 2, 1);
  Random random = reference::numbers(2);
  Matrix& x = dataset.features.dense = Matrix(kNodes, features);
  for (int64_t k = 0; k < x.size(); ++k) {
    const auto value = static_cast<float>(random.normal());
    x.data()[k] = k / features == 9 || random.uniform() >= density ? 0.0f : value;
  }
  dataset.labels.outputs = kClasses;
  dataset.splits.resize(1);
  for (int64_t v = 0; v < kNodes; ++v) {
    dataset.labels.classes.push_back(static_cast<int32_t>(v * v % kClasses));
    (v % 2 == 0 ? dataset.splits[0].train : dataset.splits[0].test).push_back(v);
  }
  if (!sparse) return dataset;
  dataset.features.is_sparse = true;
  Csr& rows = dataset.features.sparse;
  rows.cols = features;
  for (int64_t v = 0; v < kNodes; ++v) {
    for (int32_t c = 0; c < features; ++c) {
      if (x(v, c) == 0.0f) continue;
      rows.indices.push_back(c);
      rows.values.push_back(x(v, c));
    }
    rows.indptr.push_back(std::ssize(rows.indices));
  }
  x = Matrix();
  return dataset;
}

}  // namespace tersegraph::testing
