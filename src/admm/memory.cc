#include "admm/memory.h"

#include <algorithm>

#include "admm/grid.h"
#include "train/augment_memory.h"

namespace tersegraph {
namespace {

/// Of a hidden layer's weights: W, the systems that are solved, and their factors.
constexpr int64_t kWeightMatrices = 4;

/// Matrices of columns by neurons in this process: of each link between two layers p, z, h, q, u and what the
/// subproblems work on, the packed p and q, and what both ends know where messages are changes; and what a rank has of
/// its neighbours' p, q and u.
double column_matrices(const AdmmConfig& config, const ProcessPart& part, int layer_ranks) {
  const Grid p(config, false), q(config, true);
  const bool closed = config.solver == AdmmSolver::closed;
  double link = 5 + (closed ? 1 : 4), received = 3;  // closed: the centred p
  for (const Grid* grid : {&p, &q}) {
    link += grid->bits() / 32.0 + (grid->of_changes() ? 2 : 0);
    received += grid->bits() / 32.0 + (grid->of_changes() ? 1 : 0);
  }
  if (closed && (p.fixed() || q.fixed())) link += 3;  // the old p, and a step where the solution is not better
  const int links = config.stages.back() - 1;
  const bool all = part.ranks_here == part.ranks;
  const int links_here = all ? links : (links + layer_ranks - 1) / layer_ranks;
  const int neighbours = all ? layer_ranks - 1 : std::min(1, layer_ranks - 1);
  return link * links_here + received * neighbours;
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

  AugmentMemory augment = augment_memory(dataset, split, config.augment, 0, part);
  // The basis in rank 0's process, and all rows in it. Before, the training rows as they were, the basis of each rank
  // and two more that it is made from.
  const int64_t basis = reduced ? cols * inputs + rows * inputs : 0;
  const int64_t reducing = reduced ? columns * cols + cols * inputs * (ranks_here + 2) : 0;
  // Every shard of a layer has all its weights.
  const double matrices = column_matrices(config.admm, part, part.ranks / nodes) * first_here / nodes;
  const auto blocks = static_cast<int64_t>(matrices * static_cast<double>(columns * neurons) +
                                           kWeightMatrices * static_cast<double>(weights * nodes) * share);
  // What ranks sum at once: the first layer's Gram matrix or gradient.
  const int64_t sums = nodes > 1 ? std::max(inputs * inputs / 2, std::max(inputs, neurons) * neurons) : 0;
  const std::vector<MemoryPrediction::Item> own = {
      {"first layer's columns", 4 * 3 * columns * inputs * first_here / nodes},
      {"reduced basis", 4 * basis},
      {"layers", 4 * blocks},
      {"sums over node ranks", 4 * sums * first_here},
      {"evaluation",
       4 * ((3 * rows + (part.ranks > 1 ? rows + 3 * part.halo_rows : 0)) * neurons + rows * dataset.labels.outputs)},
      {"weights", 4 * (2 * weights + 2 * (weights + (cols - inputs) * neurons)) * ranks_here}};
  MemoryPrediction prediction{std::move(augment.items)};
  int64_t epoch = 0;
  for (const MemoryPrediction::Item& item : own) {
    prediction.items.push_back(item);
    epoch += item.bytes;
  }
  const int64_t begins = std::max(augment.computing, 4 * reducing + own.back().bytes);
  prediction.items.push_back({"first layer while computed", std::max<int64_t>(0, begins - epoch)});
  return prediction;
}

}  // namespace tersegraph
