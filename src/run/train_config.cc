#include "run/train_config.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "exchange/goal_words.h"
#include "nn/schedule.h"
#include "run/lists.h"

namespace tersegraph {
namespace {

LossKind parse_loss(const std::string& word) {
  if (word == "ce") return LossKind::cross_entropy;
  if (word == "bce") return LossKind::binary_cross_entropy;
  if (word == "mse") return LossKind::squared_error;
  return LossKind::automatic;
}

ModelKind model_kind(const std::string& word) {
  if (word == "gcn") return ModelKind::gcn;
  return word == "sage" ? ModelKind::sage : ModelKind::mlp;
}

ModelConfig model_config(const RunConfig& config) {
  ModelConfig model;
  model.kind = model_kind(config.model);
  model.layers = static_cast<int>(config.layers);
  model.hidden = config.hidden;
  model.dropout = static_cast<float>(config.dropout);
  model.input_dropout = static_cast<float>(config.input_dropout);
  model.norm = config.norm == "layer" ? NormKind::layer : NormKind::none;
  model.order = config.layer_order == "dropout-norm-relu" ? ActivationOrder::dropout_norm_relu
                                                          : ActivationOrder::norm_relu_dropout;
  model.residual = config.residual;
  model.aggregate_first = config.aggregate_first;
  model.kept_bits = config.activation_bits == 0 ? 32 : static_cast<int>(config.activation_bits);
  model.gathered_bits = static_cast<int>(config.gather_bits);
  model.init = config.init == "he" ? InitKind::he : InitKind::glorot;
  return model;
}

void set_training(const RunConfig& config, TrainingConfig& result) {
  result.model = model_config(config);
  result.optimizer.kind = parse_optimizer(config.optimizer);
  result.optimizer.weight_decay = config.weight_decay;
  result.learning_rate = config.lr;
  result.decay_first_layer_only = config.decay_first_layer_only;
  Schedule::parse(config.lr_schedule);
  result.schedule = config.lr_schedule;
  result.loss = parse_loss(config.loss);
  result.epochs = static_cast<int>(config.epochs);
  result.eval_every = static_cast<int>(config.eval_every);
  result.patience = static_cast<int>(config.patience);
  result.reduce_bits = static_cast<int>(config.reduce_bits);
  result.gather_outputs = false;  // predictions.npy has the classes
  result.seed = static_cast<uint64_t>(config.seed);
  result.ordering = parse_ordering(config.reorder);
}

std::vector<float> balanced_weights(const Labels& labels, const Split& split) {
  std::vector<int64_t> counts(static_cast<size_t>(labels.outputs), 0);
  for (int64_t node : split.train) ++counts[labels.classes[node]];
  std::vector<float> weights;
  for (int64_t count : counts) {
    const double share = static_cast<double>(split.train.size()) / static_cast<double>(labels.outputs);
    weights.push_back(count == 0 ? 0.0f : static_cast<float>(share / static_cast<double>(count)));
  }
  return weights;
}

std::vector<float> listed_weights(std::string_view words) {
  constexpr std::string_view kTakes = "none, balanced or positive numbers: 1,2.5,1";
  std::vector<float> weights;
  for (const double weight : parse_numbers(words, "--class-weights", kTakes)) {
    if (!(weight > 0)) fail_input("--class-weights has {}; it takes {}", weight, kTakes);
    weights.push_back(static_cast<float>(weight));
  }
  return weights;
}

ExchangePolicy parse_policy(const std::string& word) {
  if (word == "uniform") return ExchangePolicy::uniform;
  if (word == "random") return ExchangePolicy::random;
  if (word == "pipe") return ExchangePolicy::pipe;
  if (word == "sancus") return ExchangePolicy::sancus;
  return word == "adaptive" ? ExchangePolicy::adaptive : ExchangePolicy::exact;
}

std::vector<int> parse_widths(const std::string& words) {
  constexpr std::string_view kTakes = "whole numbers from 0 to 8: 2,4,8";
  std::vector<int> widths;
  for (const double width : parse_numbers(words, "--widths", kTakes)) {
    if (!(width >= 0 && width <= 8) || width != std::floor(width)) {
      fail_input("--widths has {}; it takes {}", width, kTakes);
    }
    widths.push_back(static_cast<int>(width));
  }
  const WidthLadder ladder(widths, 1);
  return widths;
}

}  // namespace

ExchangeConfig exchange_config(const RunConfig& config) {
  ExchangeConfig exchange;
  exchange.policy = parse_policy(config.exchange);
  exchange.bits = static_cast<int>(config.bits);
  exchange.widths = parse_widths(config.widths);
  if (exchange.policy == ExchangePolicy::random && std::ranges::count(exchange.widths, 0) > 0) {
    fail_input("--widths {}: random would drop rows at 0 bits; leave it out", config.widths);
  }
  exchange.rows = config.halo_rows == "cover" ? RowChoice::cover : RowChoice::sources;
  exchange.assign_every = static_cast<int>(config.assign_every);
  exchange.guard_every = static_cast<int>(config.guard_every);
  exchange.goal = parse_goal(config.budget, config.lambda);
  exchange.schedule = config.link_rounds == "ring" ? Lanes::Schedule::ring : Lanes::Schedule::all_at_once;
  exchange.link = config.link;
  // Links of pairs of hosts are read where the hosts are known.
  if (!config.link.empty() && config.link.find('>') == std::string::npos) parse_link(config.link);
  exchange.intra = config.intra == "exact"  ? IntraHost::exact
                   : config.intra == "same" ? IntraHost::same
                                            : IntraHost::automatic;
  exchange.overlap = config.overlap;
  exchange.pipe_smoothing = config.pipe_smoothing;
  exchange.sancus_bound = config.sancus_bound;
  exchange.sancus_epochs = config.sancus_epochs;
  return exchange;
}

FullGraphConfig full_graph_config(const RunConfig& config) {
  FullGraphConfig result;
  set_training(config, result);
  result.exchange = exchange_config(config);
  result.layer0_cache = config.layer0_cache;
  return result;
}

MlpConfig mlp_config(const RunConfig& config) {
  MlpConfig result;
  set_training(config, result);
  result.augment = augment_config(config);
  result.normalisation = normalisation(config);
  if (!config.stages.empty()) {
    result.stages = parse_counts(config.stages, "--stages");
    result.stage_epochs = parse_counts(config.iterations, "--iterations");
  }
  return result;
}

Normalisation normalisation(const RunConfig& config) {
  if (config.model == "gcn") return Normalisation::symmetric;
  if (config.model == "sage") return Normalisation::mean;
  if (config.operator_ == "rw") return Normalisation::random_walk;
  return config.operator_ == "raw" ? Normalisation::none : Normalisation::symmetric;
}

AugmentConfig augment_config(const RunConfig& config) {
  AugmentConfig augment;
  augment.hops = static_cast<int>(config.hops);
  augment.last_hop_only = config.model == "sgc";
  augment.row_norm = config.row_norm == "l2" ? RowNorm::euclidean : RowNorm::none;
  augment.scale_hops = config.hop_scale;
  return augment;
}

std::vector<float> class_weights(const std::string& words, const Labels& labels, const Split& split) {
  if (words == "none") return {};
  if (labels.task != Task::multiclass)
    fail_input("--class-weights {} needs labels that are classes, one a node", words);
  if (words == "balanced") return balanced_weights(labels, split);
  std::vector<float> weights = listed_weights(words);
  if (std::ssize(weights) != labels.outputs) {
    fail_input("--class-weights lists {} numbers, but there are {} classes", weights.size(), labels.outputs);
  }
  return weights;
}

}  // namespace tersegraph
