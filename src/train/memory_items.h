#pragma once

#include "nn/optimizer.h"
#include "train/memory.h"

namespace tersegraph {

// What the predictions for all trainers have in common.

/// The program and its libraries; what MPI takes besides; and what a rank has whatever its data are: a stack, and ends
/// of blocks that are rounded up to 2 MiB. Measured on small and middle graphs.
constexpr int64_t kProgramBytes = 25'000'000, kMpiBytes = 10'000'000, kRankBytes = 12'000'000;
inline int64_t program_bytes(const ProcessPart& part) {
  return kProgramBytes + (part.ranks > part.ranks_here ? kMpiBytes : 0) + part.ranks_here * kRankBytes;
}

/// A dataset that is whole in memory, and its split.
inline int64_t dataset_bytes(const DatasetShape& dataset) {
  const int64_t n = dataset.nodes;
  const int64_t graph = 8 * n + (dataset.weighted ? 8 : 4) * dataset.edges;
  const int64_t features = dataset.sparse_features ? 8 * (n + dataset.feature_entries) : 4 * dataset.feature_entries;
  return graph + features + 4 * n * (dataset.task == Task::multiclass ? 1 : dataset.outputs) + 8 * n;
}

/// Entries of the aggregation operator, loops included, and its bytes.
inline int64_t operator_entries(const DatasetShape& dataset) {
  return dataset.edges + dataset.nodes;
}
inline int64_t operator_bytes(const DatasetShape& dataset) {
  return 8 * operator_entries(dataset) + 8 * dataset.nodes;
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
