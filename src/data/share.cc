#include "data/share.h"

namespace tersegraph {

Dataset share(const std::shared_ptr<const Dataset>& dataset) {
  Dataset shared;
  shared.name = dataset->name;
  shared.graph = dataset->graph;
  shared.features.sparse = dataset->features.sparse;
  shared.features.is_sparse = dataset->features.is_sparse;
  shared.features.dense = Matrix(dataset->features.dense, dataset);
  shared.labels.task = dataset->labels.task;
  shared.labels.outputs = dataset->labels.outputs;
  shared.labels.classes = dataset->labels.classes;
  shared.labels.targets = Matrix(dataset->labels.targets, dataset);
  shared.splits = dataset->splits;
  shared.node_ids = dataset->node_ids;
  return shared;
}

}  // namespace tersegraph
