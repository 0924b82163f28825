#include "admm/memory.h"

#include <algorithm>

namespace tersegraph {
namespace {

/// Matrices of a hidden layer's columns (p, z, q, u, h, and what its subproblems work on), and of its weights (W, the
/// systems that are solved, and their factors).
constexpr int64_t kColumnMatrices = 8, kWeightMatrices = 4;

/// What the augmentation takes is the same for all perceptrons.
MemoryPrediction augmentation(const Dataset& dataset, const Split& split, const AdmmTrainerConfig& config,
                              const ProcessPart& part) {
  MlpConfig mlp;
  mlp.model.layers = 2;
  mlp.model.hidden = config.admm.neurons;
  mlp.augment = config.augment;
  MemoryPrediction prediction = predict_memory(dataset, split, mlp, part);
  std::erase_if(prediction.items, [](const MemoryPrediction::Item& item) {
    return item.what == "activations and gradients" || item.what == "evaluation" ||
           item.what == "weights and optimizer";
  });
  return prediction;
}

}  // namespace

MemoryPrediction predict_memory(const Dataset& dataset, const Split& split, const AdmmTrainerConfig& config,
                                const ProcessPart& part) {
  const double share = part.share();
  const int ranks_here = part.ranks_here;
  const int nodes = config.node_ranks, first_here = std::min(ranks_here, nodes);
  const auto rows = static_cast<int64_t>(dataset.nodes() * share);
  const auto columns = static_cast<int64_t>(split.train.size());
  const int64_t cols = dataset.features.cols() * (config.augment.hops + 1), neurons = config.admm.neurons;
  const bool reduced = cols > columns;
  const int64_t inputs = std::min(cols, columns), layers = config.admm.stages.back();
  const int64_t weights = (layers - 2) * neurons * neurons + (inputs + dataset.labels.outputs) * neurons;

  MemoryPrediction prediction = augmentation(dataset, split, config, part);
  const int64_t basis = reduced ? cols * inputs * (1 + ranks_here) + rows * inputs : 0;
  // Every shard of a layer has all its weights.
  const auto blocks =
      static_cast<int64_t>((kColumnMatrices * columns * neurons * layers + kWeightMatrices * weights * nodes) * share);
  // What ranks sum at once: the first layer's Gram matrix or gradient.
  const int64_t sums = nodes > 1 ? std::max(inputs * inputs / 2, std::max(inputs, neurons) * neurons) : 0;
  prediction.items.push_back(
      {"first layer's columns", 4 * (columns * cols + 2 * columns * inputs) * first_here / nodes});
  prediction.items.push_back({"reduced basis", 4 * basis});
  prediction.items.push_back({"layers", 4 * blocks});
  prediction.items.push_back({"sums over node ranks", 4 * sums * first_here});
  prediction.items.push_back({"evaluation", 4 * (3 * rows * neurons + rows * dataset.labels.outputs)});
  prediction.items.push_back({"weights", 4 * (2 * weights + 2 * (weights + (cols - inputs) * neurons)) * ranks_here});
  return prediction;
}

}  // namespace tersegraph
