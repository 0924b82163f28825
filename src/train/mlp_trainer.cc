#include "train/mlp_trainer.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"
#include "data/rank_data.h"
#include "nn/gnn_model.h"
#include "nn/growth.h"
#include "train/gradient_learner.h"
#include "train/input_errors.h"
#include "train/input_rows.h"
#include "train/local_targets.h"

namespace tersegraph {
namespace {

void check_stages(const MlpConfig& config) {
  const std::vector<int>& stages = config.stages;
  if (stages.size() != config.stage_epochs.size()) {
    fail_input("{} stages of growth, but epochs for {} stages: give one number of epochs a stage", stages.size(),
               config.stage_epochs.size());
  }
  if (stages.empty()) return;
  if (stages.front() < 2 || std::adjacent_find(stages.begin(), stages.end(), std::greater_equal<>()) != stages.end()) {
    fail_input("stages of growth must be numbers of layers that ascend from 2 or more, for example 2,5,10");
  }
  if (std::ranges::min(config.stage_epochs) < 1) fail_input("every stage of growth needs at least one epoch");
  if (config.model.norm != NormKind::none || config.model.residual) {
    fail_input(
        "stages of growth insert identity layers, which norms and residual connections would not leave such: "
        "train without them, or without stages");
  }
}

MlpConfig resolve(MlpConfig config) {
  check_stages(config);
  config.model.kind = ModelKind::mlp;
  if (config.stages.empty()) {
    config.stages = {config.model.layers};
    config.stage_epochs = {config.epochs};
  }
  config.model.layers = config.stages.back();
  config.epochs = 0;
  for (const int epochs : config.stage_epochs) config.epochs += epochs;
  return config;
}

InputRows rows_of(const AugmentedRows& rows, std::span<const int64_t> ids, float dropout) {
  return rows.is_sparse ? InputRows(rows.sparse.view(), ids, dropout) : InputRows(rows.dense.view(), ids, dropout);
}

}  // namespace

struct MlpTrainer::State final : GradientLearner {
  State(const Dataset& dataset, const Csr& aggregation, const Split& split, const Partition& partition,
        const MlpConfig& config_, Channel& channel)
      : GradientLearner(config, parameters, channel),
        config(resolve(config_)),
        shard(
            agreed(channel,
                   [&] { return build_shard(aggregation, partition, channel.rank(), config.ordering, config.seed); })),
        targets(make_local_targets(take_rows(dataset.labels, shard.owned), split, shard)),
        features(dataset.features, shard, split.train, channel, config.augment),
        training_targets(training_part(targets, local_rows(shard, features.training_ids()))),
        loop({config.eval_every, config.patience, config.gather_outputs}, dataset.labels, split, shard, targets,
             channel),
        input(rows_of(features.training_rows(), features.training_ids(), config.model.input_dropout)) {
    if (!split.train.empty()) training_loss.emplace(config.loss, config.class_weights, training_targets, channel);
    build(config.stages.back());
    model->initialise(config.seed);
    fold_scales(features.scales(), parameters.value(0), false);
  }

  double compute_gradients(int64_t epoch, PhaseSeconds& seconds) override;
  ConstMatrixView evaluation_outputs() override;
  void build(int layers_);
  void grow_to(int layers_);

  MlpConfig config;
  Shard shard;
  LocalTargets targets;
  AugmentedFeatures features;
  LocalTargets training_targets;
  std::optional<TrainingLoss> training_loss;  ///< none without training nodes: such a trainer only predicts
  Parameters parameters;
  EpochLoop loop;
  InputRows input;
  int layers = 0;
  std::optional<GnnModel> model;
  bool folded = true;  ///< layer 0's weight is for hops without scales
  Matrix scaled_weight, product, outputs, output_gradient;
};

/// Replaces the model by one of so many layers, its weights all zero.
void MlpTrainer::State::build(int layers_) {
  layers = layers_;
  ModelConfig shape = config.model;
  shape.layers = layers;
  parameters = Parameters();
  model.emplace(shape, features.cols(), targets.outputs, ConvOrder::unaggregated, config.decay_first_layer_only,
                parameters);
  parameters.finalize();
}

void MlpTrainer::State::grow_to(int layers_) {
  if (layers_ == layers) return;
  const Parameters shallow = std::move(parameters);
  const int from = layers;
  build(layers_);
  grow(shallow, from, parameters, layers_);
}

double MlpTrainer::State::compute_gradients(int64_t epoch, PhaseSeconds& seconds) {
  const ModelPass pass{.training = true, .seed = config.seed, .epoch = epoch};
  const ModelRows rows(features.training_ids());
  ModelInput x;
  {
    PhaseTimer timer(seconds, "input");
    x.features = input.prepare(pass);
  }
  const MatrixView training_outputs = model->forward(x, rows, pass, seconds);
  output_gradient.reshape(rows.count, targets.outputs);
  double mean_loss = 0.0;
  {
    PhaseTimer timer(seconds, "loss");
    mean_loss = (*training_loss)(training_outputs, output_gradient);
  }
  model->backward(x, rows, pass, output_gradient, seconds);
  return mean_loss;
}

ConstMatrixView MlpTrainer::State::evaluation_outputs() {
  MatrixView weight = parameters.value(0);
  if (folded) {
    scaled_weight.reshape(weight.rows, weight.cols);
    std::copy_n(weight.data, weight.size(), scaled_weight.data());
    fold_scales(features.scales(), scaled_weight, true);
    weight = scaled_weight;
  }
  product.reshape(shard.owned_count(), weight.cols);
  features.multiply(weight, product);

  const ModelPass pass{.training = false, .seed = config.seed};
  PhaseSeconds seconds;
  outputs.reshape(shard.owned_count(), targets.outputs);
  for (int64_t begin = 0; begin < shard.owned_count(); begin += kEvaluationRows) {
    const int64_t count = std::min(kEvaluationRows, shard.owned_count() - begin);
    const ModelRows rows(std::span(shard.owned).subspan(begin, count));
    const ModelInput x{.features = {}, .aggregated = {}, .product = {product.row(begin), count, product.cols()}};
    const ConstMatrixView block = model->forward(x, rows, pass, seconds);
    std::copy_n(block.data, block.size(), outputs.row(begin));
  }
  return outputs;
}

MlpTrainer::MlpTrainer(const Dataset& dataset, const Csr& aggregation, const Split& split, const Partition& partition,
                       const MlpConfig& config, Channel& channel)
    : state_(agree_on_input(
          channel, [&] { return std::make_unique<State>(dataset, aggregation, split, partition, config, channel); })) {}

MlpTrainer::~MlpTrainer() = default;

TrainResult MlpTrainer::train(Observer& observer) {
  State& s = *state_;
  const int full = s.config.stages.back(), first = EpochLoop::first_stage(observer, s.config.stages.size());
  if (s.config.stages.size() > 1) {
    s.build(s.config.stages[first]);
    s.model->initialise(s.config.seed);
  } else {
    fold_scales(s.features.scales(), s.parameters.value(0), true);
  }
  s.folded = false;
  for (size_t stage = first; stage < s.config.stages.size(); ++stage) {
    s.grow_to(s.config.stages[stage]);
    const Ending ending = s.loop.run(s, s.config.stage_epochs[stage], observer);
    if (ending == Ending::stopped || ending == Ending::diverged) break;
  }
  TrainResult result = s.loop.finish(s);
  s.grow_to(full);
  fold_scales(s.features.scales(), s.parameters.value(0), false);
  s.folded = true;
  return result;
}

Matrix MlpTrainer::outputs() {
  return state_->loop.gather_outputs(*state_);
}

Parameters& MlpTrainer::parameters() {
  return state_->parameters;
}

}  // namespace tersegraph
