#include "train/full_graph.h"

#include <map>
#include <optional>
#include <utility>

#include "comm/collectives.h"
#include "exchange/aggregation.h"
#include "exchange/reach.h"
#include "nn/gnn_model.h"
#include "train/gradient_learner.h"
#include "train/input_errors.h"
#include "train/input_features.h"
#include "train/input_order.h"
#include "train/local_targets.h"
#include "train/width_guard.h"

namespace tersegraph {
namespace {

/// The facts of all ranks' shards together.
InputFacts sum_facts(const DatasetShape& shape, const Shard& shard, const FullGraphConfig& config, Channel& channel) {
  int64_t sums[] = {shard.local.nnz() + shard.remote.nnz(), shard.halo_count()};
  all_reduce_sum(channel, Traffic::setup, std::span(sums));
  return input_facts(shape, sums[0], config, sums[1], channel.size());
}

}  // namespace

struct FullGraphTrainer::State final : GradientLearner {
  State(const RankData& data, const Split& split, const FullGraphConfig& config_, Channel& channel)
      : GradientLearner(config, parameters, channel),
        config(config_),
        shard(agreed(channel, [&] { return data.shard(config.ordering, config.seed); })),
        reach(order_by_reach(shard, split.train, config.model.layers, channel)),
        aggregation(shard, channel, config.exchange),
        targets(make_local_targets(agreed(channel, [&] { return data.labels(shard.owned); }), split, shard)),
        loop({config.eval_every, config.patience, config.gather_outputs}, data.all_labels(), split, shard, targets,
             channel),
        first_order(choose_input_order(sum_facts(data.shape(), shard, config, channel), config)),
        input(agreed(channel, [&] { return data.features(shard.owned); }), aggregation, first_order,
              config.model.kind == ModelKind::sage, config.model.input_dropout),
        model(config.model, data.shape().features, targets.outputs, first_order, config.decay_first_layer_only,
              parameters),
        guard(parameters, channel) {
    if (loop.has_training()) training_loss.emplace(config.loss, config.class_weights, targets, channel);
    parameters.finalize();
    model.initialise(config.seed);
    if (loop.has_training()) aggregation.skip_rows(reach, targets.train);
  }

  void train_epoch(EpochMetrics& metrics) override;
  double compute_gradients(int64_t epoch, PhaseSeconds& seconds) override;
  ConstMatrixView evaluation_outputs() override;
  void save(SavedState& state) override;
  void load(const SavedState& state) override;
  SentValues sent_values() const override { return {aggregation.halo_bits(), aggregation.halo_values()}; }

  FullGraphConfig config;
  Shard shard;
  Reach reach;
  Aggregation aggregation;
  LocalTargets targets;
  std::optional<TrainingLoss> training_loss;  ///< none without training nodes: such a trainer only predicts
  Parameters parameters;
  EpochLoop loop;
  ConvOrder first_order;
  InputFeatures input;
  GnnModel model;
  WidthGuard guard;
  std::map<std::string, double> checked;  ///< what the guard found in this epoch
  Matrix output_gradient;

 private:
  double step(const ModelPass& pass, PhaseSeconds& seconds);
  void check_widths(const ModelPass& pass, PhaseSeconds& seconds);
};

void FullGraphTrainer::State::train_epoch(EpochMetrics& metrics) {
  const double hidden = aggregation.hidden_seconds();
  GradientLearner::train_epoch(metrics);
  metrics.hidden_seconds = aggregation.hidden_seconds() - hidden;
  PhaseTimer timer(metrics.seconds, "assign");
  aggregation.end_epoch(metrics.epoch);
  metrics.bits = aggregation.widths().report().bits;
  metrics.width_error = aggregation.widths().report().error;
  metrics.guard = std::exchange(checked, {});
}

double FullGraphTrainer::State::compute_gradients(int64_t epoch, PhaseSeconds& seconds) {
  const ModelPass pass{.training = true, .seed = config.seed, .epoch = epoch};
  const double mean_loss = step(pass, seconds);
  if (aggregation.widths().checked(epoch)) check_widths(pass, seconds);
  return mean_loss;
}

/// One forward and one backward pass.
double FullGraphTrainer::State::step(const ModelPass& pass, PhaseSeconds& seconds) {
  ModelInput x;
  {
    PhaseTimer timer(seconds, "input");
    x = input.prepare(pass);
  }
  const MatrixView outputs = model.forward(x, aggregation, pass, seconds);
  double mean_loss = 0.0;
  {
    PhaseTimer timer(seconds, "loss");
    output_gradient.reshape(outputs.rows, outputs.cols);
    mean_loss = (*training_loss)(outputs, output_gradient);
  }
  model.backward(x, aggregation, pass, output_gradient, seconds);
  return mean_loss;
}

void FullGraphTrainer::State::check_widths(const ModelPass& pass, PhaseSeconds& seconds) {
  constexpr int64_t kOtherDropout = int64_t{1} << 40;  // epochs that never come
  PhaseTimer timer(seconds, "guard");
  aggregation.be_exact(true);
  const WidthCheck found = guard.check([&](bool other_dropout) {
    PhaseSeconds parts;
    step({.training = true, .seed = pass.seed, .epoch = pass.epoch + (other_dropout ? kOtherDropout : 0)}, parts);
  });
  aggregation.be_exact(false);
  const bool raised = found.too_coarse() && aggregation.widths().raise_floor();
  const int floor = aggregation.widths().floor();
  checked = {{"error", found.error}, {"noise", found.noise}, {"raised", raised}, {"floor", floor}};
}

ConstMatrixView FullGraphTrainer::State::evaluation_outputs() {
  const ModelPass pass{.training = false, .seed = config.seed};
  PhaseSeconds seconds;
  return model.forward(input.prepare(pass), aggregation, pass, seconds);
}

void FullGraphTrainer::State::save(SavedState& state) {
  GradientLearner::save(state);
  aggregation.save(state);
}

void FullGraphTrainer::State::load(const SavedState& state) {
  GradientLearner::load(state);
  aggregation.load(state);
}

FullGraphTrainer::FullGraphTrainer(const RankData& data, const Split& split, const FullGraphConfig& config,
                                   Channel& channel)
    : state_(agree_on_input(channel, [&] { return std::make_unique<State>(data, split, config, channel); })) {}

FullGraphTrainer::FullGraphTrainer(const Dataset& dataset, const Csr& aggregation, const Split& split,
                                   const Partition& partition, const FullGraphConfig& config, Channel& channel)
    : FullGraphTrainer(WholeData(dataset, aggregation, partition, channel.rank()), split, config, channel) {}

FullGraphTrainer::~FullGraphTrainer() = default;

TrainResult FullGraphTrainer::train(Observer& observer) {
  state_->loop.run(*state_, state_->config.epochs, observer);
  state_->aggregation.settle();
  TrainResult result = state_->loop.finish(*state_);
  for (const auto& [exchange, seconds] : state_->aggregation.widths().hidden_seconds()) {
    result.facts["hidden_seconds." + exchange] = seconds;
  }
  return result;
}

Matrix FullGraphTrainer::outputs() {
  return state_->loop.gather_outputs(*state_);
}

std::string FullGraphTrainer::link_words() const {
  return state_->aggregation.widths().link_words();
}

Parameters& FullGraphTrainer::parameters() {
  return state_->parameters;
}

}  // namespace tersegraph
