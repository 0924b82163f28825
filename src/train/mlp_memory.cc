#include <algorithm>

#include "nn/gnn_model.h"
#include "train/augment_memory.h"
#include "train/memory_items.h"
#include "train/mlp_trainer.h"

namespace tersegraph {

MemoryPrediction predict_memory(const Dataset& dataset, const Split& split, const MlpConfig& config,
                                const ProcessPart& part) {
  const double share = part.share();
  const int ranks = part.ranks, ranks_here = part.ranks_here;
  const auto rows = static_cast<int64_t>(dataset.nodes() * share);
  const auto training = static_cast<int64_t>(static_cast<double>(split.train.size()) * share);
  AugmentMemory augment = augment_memory(dataset, split, config.augment, config.model.input_dropout, part);
  const int64_t cols = dataset.features.cols(), parts = config.augment.last_hop_only ? 1 : config.augment.hops + 1;
  ModelConfig shape = config.model;
  shape.kind = ModelKind::mlp;
  if (!config.stages.empty()) shape.layers = config.stages.back();
  Parameters parameters;
  const GnnModel model(shape, cols * parts, dataset.labels.outputs, ConvOrder::unaggregated, false, parameters);

  const int64_t first_width = shape.layers == 1 ? dataset.labels.outputs : shape.hidden;
  // An evaluation passes on more rows than training where those are few, but neither layer 0's nor gradients.
  const int64_t more_rows = std::max<int64_t>(0, std::min(rows, kEvaluationRows * ranks_here) - training);
  const int64_t passed_on = shape.layers == 1 ? 0 : (shape.layers - 1) * shape.hidden + dataset.labels.outputs;
  const int64_t evaluation =
      4 * (2 * rows * first_width + rows * dataset.labels.outputs + cols * first_width * ranks_here) +
      (ranks > 1 ? 4 * (rows + 3 * part.halo_rows) * first_width : 0);
  const int64_t activations = model.activation_bytes(training, ranks, augment.training_sparse) +
                              4 * more_rows * passed_on +
                              model.gradient_sum_bytes(training / ranks_here, augment.training_sparse) * ranks_here;
  const int64_t weights =
      (weight_bytes(parameters.size(), config.optimizer) + reduce_bytes(parameters.size(), config.reduce_bits, ranks)) *
      ranks_here;
  MemoryPrediction prediction{std::move(augment.items)};
  prediction.items.push_back({"activations and gradients", activations});
  prediction.items.push_back({"evaluation", evaluation});
  prediction.items.push_back({"weights and optimizer", weights});
  prediction.items.push_back(
      {"hops while computed", std::max<int64_t>(0, augment.computing - activations - evaluation - weights)});
  return prediction;
}

}  // namespace tersegraph
