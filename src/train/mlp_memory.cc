#include <algorithm>
#include <cmath>

#include "nn/gnn_model.h"
#include "train/memory.h"
#include "train/memory_items.h"
#include "train/mlp_trainer.h"

namespace tersegraph {
namespace {

/// Facts of the augmented features, with guesses of how far they fill up: entries fall on columns, and neighbours on
/// nodes, as if by chance.
class HopSizes {
 public:
  HopSizes(const Dataset& dataset, const Split& split, const AugmentConfig& config)
      : config_(config),
        nodes_(static_cast<double>(dataset.nodes())),
        training_(static_cast<double>(split.train.size())),
        neighbours_(static_cast<double>(operator_entries(shape_of(dataset))) / nodes_),
        cols_(static_cast<double>(dataset.features.cols())) {
    const Features& x = dataset.features;
    density_ = x.is_sparse ? static_cast<double>(x.sparse.nnz()) / (nodes_ * cols_) : 1.0;
  }

  /// Of `rows` rows of A^k H.
  double bytes(double rows, int k) const {
    const double filled = density_ < 1.0 ? 1.0 - std::pow(1.0 - density_, std::pow(neighbours_, k)) : 1.0;
    return std::min(8.0 * rows * (1.0 + cols_ * filled), 4.0 * rows * cols_);
  }

  /// Of X's rows of the training nodes.
  double training_bytes() const {
    if (config_.last_hop_only) return bytes(training_, config_.hops);
    double sum = 0.0;
    for (int k = 0; k <= config_.hops; ++k) sum += bytes(training_, k);
    return std::min(sum, 4.0 * training_ * cols_ * (config_.hops + 1));
  }
  bool training_sparse() const {
    const int hops = config_.last_hop_only ? 1 : config_.hops + 1;
    return training_bytes() < 4.0 * training_ * cols_ * hops;
  }

  /// The rows of two hops, of those that the training nodes depend on, where they are largest.
  double while_computed() const {
    double most = 0.0;
    for (int k = 0; k < config_.hops; ++k) most = std::max(most, bytes(needed(k), k) + bytes(needed(k + 1), k + 1));
    return most;
  }

 private:
  double needed(int k) const { return std::min(nodes_, training_ * std::pow(neighbours_, config_.hops - k)); }

  AugmentConfig config_;
  double nodes_, training_, neighbours_, cols_, density_;
};

/// X's rows with what an epoch makes of them: a transpose of sparse ones, what input dropout leaves.
double input_bytes(const HopSizes& hops, float dropout) {
  const double rows = hops.training_bytes();
  if (!hops.training_sparse()) return rows * (dropout > 0 ? 2 : 1);
  return rows * (dropout > 0 ? 3 : 2);
}

}  // namespace

MemoryPrediction predict_memory(const Dataset& dataset, const Split& split, const MlpConfig& config,
                                const ProcessPart& part) {
  const double share = part.share();
  const int ranks = part.ranks, ranks_here = part.ranks_here;
  const auto rows = static_cast<int64_t>(dataset.nodes() * share);
  const auto training = static_cast<int64_t>(static_cast<double>(split.train.size()) * share);
  const HopSizes hops(dataset, split, config.augment);
  const int64_t cols = dataset.features.cols(), parts = config.augment.last_hop_only ? 1 : config.augment.hops + 1;
  ModelConfig shape = config.model;
  shape.kind = ModelKind::mlp;
  if (!config.stages.empty()) shape.layers = config.stages.back();
  Parameters parameters;
  const GnnModel model(shape, cols * parts, dataset.labels.outputs, ConvOrder::unaggregated, false, parameters);

  // The shard, and with several ranks its rows in the order of global ids.
  const double shards = operator_bytes(shape_of(dataset)) * share * (ranks > 1 ? 2 : 1);
  const int64_t first_width = shape.layers == 1 ? dataset.labels.outputs : shape.hidden;
  // An evaluation passes on more rows than training where those are few, but neither layer 0's nor gradients.
  const int64_t more_rows = std::max<int64_t>(0, std::min(rows, kEvaluationRows * ranks_here) - training);
  const int64_t passed_on = shape.layers == 1 ? 0 : (shape.layers - 1) * shape.hidden + dataset.labels.outputs;
  const int64_t evaluation =
      4 * (2 * rows * first_width + rows * dataset.labels.outputs + cols * first_width * ranks_here) +
      (ranks > 1 ? 4 * (rows + 3 * part.halo_rows) * first_width : 0);
  const int64_t activations = model.activation_bytes(training, ranks, hops.training_sparse()) +
                              4 * more_rows * passed_on +
                              model.gradient_sum_bytes(training / ranks_here, hops.training_sparse()) * ranks_here;
  const int64_t weights =
      (weight_bytes(parameters.size(), config.optimizer) + reduce_bytes(parameters.size(), config.reduce_bits, ranks)) *
      ranks_here;
  const auto computing = static_cast<int64_t>(hops.while_computed() * share);
  return {{{"program", kProgramBytes},
           {"dataset", dataset_bytes(shape_of(dataset))},
           {"aggregation operator", operator_bytes(shape_of(dataset)) + static_cast<int64_t>(shards)},
           {"features", static_cast<int64_t>(hops.bytes(static_cast<double>(dataset.nodes()), 0) * share)},
           {"training rows", static_cast<int64_t>(input_bytes(hops, config.model.input_dropout) * share)},
           {"activations and gradients", activations},
           {"evaluation", evaluation},
           {"weights and optimizer", weights},
           {"hops while computed", std::max<int64_t>(0, computing - activations - evaluation - weights)}}};
}

}  // namespace tersegraph
