#include "run/train_config.h"

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "nn/schedule.h"

namespace tersegraph {
namespace {

LossKind parse_loss(const std::string& word) {
  if (word == "ce") return LossKind::cross_entropy;
  if (word == "bce") return LossKind::binary_cross_entropy;
  if (word == "mse") return LossKind::squared_error;
  return LossKind::automatic;
}

ModelConfig model_config(const RunConfig& config) {
  ModelConfig model;
  model.kind = config.model == "sage" ? ModelKind::sage : ModelKind::gcn;
  model.layers = static_cast<int>(config.layers);
  model.hidden = config.hidden;
  model.dropout = static_cast<float>(config.dropout);
  model.input_dropout = static_cast<float>(config.input_dropout);
  model.norm = config.norm == "layer" ? NormKind::layer : NormKind::none;
  model.order = config.layer_order == "dropout-norm-relu" ? ActivationOrder::dropout_norm_relu
                                                          : ActivationOrder::norm_relu_dropout;
  model.residual = config.residual;
  model.aggregate_first = config.aggregate_first;
  return model;
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
  std::vector<float> weights;
  while (true) {
    const std::string_view word = words.substr(0, words.find(','));
    float weight = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), weight);
    if (error != std::errc() || end != word.data() + word.size() || !(weight > 0) || !std::isfinite(weight)) {
      fail_input("--class-weights has '{}'; it takes none, balanced or positive numbers: 1,2.5,1", word);
    }
    weights.push_back(weight);
    if (word.size() == words.size()) return weights;
    words.remove_prefix(word.size() + 1);
  }
}

}  // namespace

FullGraphConfig train_config(const RunConfig& config) {
  FullGraphConfig result;
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
  result.seed = static_cast<uint64_t>(config.seed);
  result.exchange.policy = config.exchange == "uniform" ? ExchangePolicy::uniform : ExchangePolicy::exact;
  result.exchange.bits = static_cast<int>(config.bits);
  result.layer0_cache = config.layer0_cache;
  result.ordering = parse_ordering(config.reorder);
  return result;
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
