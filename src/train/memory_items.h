#pragma once

#include "nn/optimizer.h"
#include "train/memory.h"

namespace tersegraph {

// What the predictions for all trainers have in common.

/// The program, its libraries and their threads.
constexpr int64_t kProgramBytes = int64_t{60} << 20;

inline int64_t dataset_bytes(const Dataset& dataset) {
  const Labels& labels = dataset.labels;
  return static_cast<int64_t>(dataset.graph.adjacency.bytes() + dataset.features.bytes() + labels.classes.size() * 4 +
                              labels.targets.bytes()) +
         dataset.nodes() * 8;
}

/// Entries of the aggregation operator, loops included, and its bytes.
inline int64_t operator_entries(const Dataset& dataset) {
  return dataset.graph.edges() + dataset.nodes();
}
inline int64_t operator_bytes(const Dataset& dataset) {
  return 8 * operator_entries(dataset) + 8 * dataset.nodes();
}

/// Values, gradients, the best values, and what the optimizer remembers.
inline int64_t weight_bytes(int64_t size, const OptimizerConfig& optimizer) {
  const bool two = optimizer.kind == OptimizerKind::adam || optimizer.kind == OptimizerKind::adadelta;
  const bool none = optimizer.kind == OptimizerKind::sgd && optimizer.momentum == 0.0;
  return 4 * size * (3 + (two ? 2 : none ? 0 : 1));
}

/// What a rank's sums of gradients take: the messages out and in, and what their encodings lost.
inline int64_t reduce_bytes(int64_t size, int bits, int ranks) {
  if (ranks == 1) return 0;
  return bits == 32 ? 4 * size : size * (2 * bits / 8 + 8) + 8 * size / ranks;
}

}  // namespace tersegraph
