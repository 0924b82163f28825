#include "train/full_graph.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "comm/collectives.h"
#include "exchange/aggregation.h"
#include "nn/gnn_model.h"
#include "nn/schedule.h"
#include "train/evaluation.h"
#include "train/gather.h"
#include "train/input_features.h"
#include "train/input_order.h"
#include "train/local_targets.h"

namespace tersegraph {
namespace {

/// What each rank tells the others after an epoch.
struct EpochRecord {
  double loss = 0.0;
  double seconds = 0.0;
  int64_t stop = 0;
  int64_t halo_bits = 0, halo_values = 0;
  TrafficBytes bytes{};
};

std::vector<EpochRecord> share(Channel& channel, const EpochRecord& mine) {
  std::vector<EpochRecord> records;
  for (const auto& bytes : all_gather(channel, Traffic::all_reduce, std::as_bytes(std::span(&mine, 1)))) {
    if (bytes.size() != sizeof(EpochRecord)) fail_run("a rank sent a malformed record of its epoch");
    std::memcpy(&records.emplace_back(), bytes.data(), sizeof(EpochRecord));
  }
  return records;
}

int64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

std::map<std::string, int64_t> by_name(const TrafficBytes& bytes) {
  std::map<std::string, int64_t> named;
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    if (bytes[kind] > 0) named[std::string(traffic_name(static_cast<Traffic>(kind)))] = bytes[kind];
  }
  return named;
}

double mean_bits(int64_t bits, int64_t values) {
  return values > 0 ? static_cast<double>(bits) / static_cast<double>(values) : 32.0;
}

int64_t sum_over_ranks(Channel& channel, int64_t value) {
  all_reduce_sum(channel, Traffic::setup, std::span(&value, 1));
  return value;
}

}  // namespace

struct FullGraphTrainer::State {
  State(const Dataset& dataset, const Csr& operator_, const Split& split, const Partition& partition,
        const FullGraphConfig& config_, Channel& channel_)
      : config(config_),
        channel(channel_),
        shard(build_shard(operator_, partition, channel.rank(), config.ordering, config.seed)),
        aggregation(shard, channel, config.exchange),
        targets(make_local_targets(dataset.labels, split, shard)),
        loss(config.loss, config.class_weights, targets, channel),
        schedule(Schedule::parse(config.schedule)),
        first_order(choose_input_order(
            input_facts(dataset, operator_.nnz(), config, sum_over_ranks(channel, shard.halo_count()), channel.size()),
            config)),
        input(dataset.features, aggregation, first_order, config.model.kind == ModelKind::sage,
              config.model.input_dropout),
        model(config.model, dataset.features.cols(), dataset.labels.outputs, first_order, config.decay_first_layer_only,
              parameters),
        has_validation(!split.val.empty()),
        labels(dataset.labels),
        split_(split) {
    parameters.finalize();
    model.initialise(config.seed);
    optimizer = make_optimizer(config.optimizer, parameters);
    output_gradient.reshape(shard.owned_count(), model.outputs());
  }

  double train_epoch(int64_t epoch, PhaseSeconds& seconds);
  EpochMetrics run_epoch(int64_t epoch, Observer& observer, bool& stop);
  MatrixView evaluation_outputs();
  EpochRecord account();
  void score(EpochMetrics& metrics);
  bool due_for_evaluation(int64_t epoch) const;
  void keep_if_best(const EpochMetrics& metrics, TrainResult& result);
  void finish(TrainResult& result);

  FullGraphConfig config;
  Channel& channel;
  Shard shard;
  Aggregation aggregation;
  LocalTargets targets;
  TrainingLoss loss;
  Schedule schedule;
  ConvOrder first_order;
  InputFeatures input;
  Parameters parameters;
  GnnModel model;
  std::unique_ptr<Optimizer> optimizer;
  Matrix output_gradient;
  bool has_validation;
  const Labels& labels;
  const Split& split_;
  std::vector<float> best_values;
  TrafficBytes bytes_before{};
  int64_t halo_bits_before = 0, halo_values_before = 0;
};

/// Forward, loss, backward, the sum of gradients over ranks, and a step. Returns this rank's part of the loss.
double FullGraphTrainer::State::train_epoch(int64_t epoch, PhaseSeconds& seconds) {
  const ModelPass pass{.training = true, .seed = config.seed, .epoch = epoch};
  ModelInput x;
  {
    PhaseTimer timer(seconds, "input");
    x = input.prepare(pass);
  }
  const MatrixView outputs = model.forward(x, aggregation, pass, seconds);
  double mean_loss = 0.0;
  {
    PhaseTimer timer(seconds, "loss");
    mean_loss = loss(outputs, output_gradient);
  }
  model.backward(x, aggregation, pass, output_gradient, seconds);
  {
    PhaseTimer timer(seconds, "all_reduce");
    all_reduce_sum(channel, Traffic::all_reduce, parameters.gradients());
  }
  PhaseTimer timer(seconds, "optimizer");
  optimizer->step(static_cast<float>(config.learning_rate * schedule.factor(epoch - 1, config.epochs)));
  return mean_loss;
}

MatrixView FullGraphTrainer::State::evaluation_outputs() {
  const ModelPass pass{.training = false, .seed = config.seed};
  PhaseSeconds seconds;
  return model.forward(input.prepare(pass), aggregation, pass, seconds);
}

bool FullGraphTrainer::State::due_for_evaluation(int64_t epoch) const {
  return epoch == config.epochs || (config.eval_every > 0 && epoch % config.eval_every == 0);
}

/// This rank's record of the epoch: what was sent since the last one, and what the caller fills in.
EpochRecord FullGraphTrainer::State::account() {
  EpochRecord mine;
  mine.halo_bits = aggregation.exchange().halo_bits() - halo_bits_before;
  mine.halo_values = aggregation.exchange().halo_values() - halo_values_before;
  for (int kind = 0; kind < kTrafficKinds; ++kind)
    mine.bytes[kind] = channel.ledger().bytes()[kind] - bytes_before[kind];
  bytes_before = channel.ledger().bytes();
  halo_bits_before += mine.halo_bits;
  halo_values_before += mine.halo_values;
  return mine;
}

void FullGraphTrainer::State::score(EpochMetrics& metrics) {
  PhaseTimer timer(metrics.seconds, "evaluation");
  evaluate(evaluation_outputs(), targets, channel, metrics);
}

EpochMetrics FullGraphTrainer::State::run_epoch(int64_t epoch, Observer& observer, bool& stop) {
  EpochMetrics metrics;
  metrics.epoch = epoch;
  metrics.learning_rate = config.learning_rate * schedule.factor(epoch - 1, config.epochs);
  const Timer timer;
  const double loss_part = train_epoch(epoch, metrics.seconds);
  const double seconds = timer.seconds();
  if (due_for_evaluation(epoch)) score(metrics);

  EpochRecord mine = account();
  mine.loss = loss_part;
  mine.seconds = seconds;
  mine.stop = channel.rank() == 0 && observer.stop_requested();
  int64_t bits = 0, values = 0;
  TrafficBytes bytes{};
  for (const EpochRecord& rank : share(channel, mine)) {
    metrics.train_loss += rank.loss;
    metrics.epoch_seconds = std::max(metrics.epoch_seconds, rank.seconds);
    stop = stop || rank.stop != 0;
    bits += rank.halo_bits;
    values += rank.halo_values;
    for (int kind = 0; kind < kTrafficKinds; ++kind) bytes[kind] += rank.bytes[kind];
  }
  metrics.bytes = by_name(bytes);
  metrics.mean_bits = mean_bits(bits, values);
  if (stop && !due_for_evaluation(epoch)) score(metrics);
  return metrics;
}

void FullGraphTrainer::State::keep_if_best(const EpochMetrics& metrics, TrainResult& result) {
  if (!metrics.train_accuracy || !std::isfinite(metrics.train_loss)) return;
  const bool first = result.best.epoch == 0;
  if (!first && has_validation && !(*metrics.val_accuracy > *result.best.val_accuracy)) return;
  result.best = metrics;
  parameters.save_values(best_values);
}

void FullGraphTrainer::State::finish(TrainResult& result) {
  if (!best_values.empty()) parameters.restore_values(best_values);
  result.outputs = gather_rows(evaluation_outputs(), shard.owned, shard.global_nodes, channel);
  if (channel.rank() == 0 && result.best.epoch > 0) evaluate_roc_auc(result.outputs, labels, split_, result.best);
  result.peak_rss_bytes =
      static_cast<int64_t>(all_reduce_max(channel, Traffic::setup, static_cast<double>(peak_rss_bytes())));

  const int64_t bits = sum_over_ranks(channel, aggregation.exchange().halo_bits());
  const int64_t values = sum_over_ranks(channel, aggregation.exchange().halo_values());
  result.mean_bits = mean_bits(bits, values);

  TrafficBytes totals = channel.ledger().bytes();
  const std::vector<int64_t> to_peers = channel.ledger().bytes_to_peer();
  const auto everyone = all_gather(channel, Traffic::setup, std::as_bytes(std::span(to_peers)));
  for (const auto& row : everyone) {
    std::vector<int64_t>& to = result.bytes_between_ranks.emplace_back(row.size() / sizeof(int64_t));
    std::memcpy(to.data(), row.data(), to.size() * sizeof(int64_t));
  }
  all_reduce_sum(channel, Traffic::setup, std::span(totals));
  result.bytes = by_name(totals);
}

FullGraphTrainer::FullGraphTrainer(const Dataset& dataset, const Csr& aggregation, const Split& split,
                                   const Partition& partition, const FullGraphConfig& config, Channel& channel)
    : state_(std::make_unique<State>(dataset, aggregation, split, partition, config, channel)) {}

FullGraphTrainer::~FullGraphTrainer() = default;

TrainResult FullGraphTrainer::train(Observer& observer) {
  State& s = *state_;
  TrainResult result;
  for (int64_t epoch = 1; epoch <= s.config.epochs; ++epoch) {
    bool stop = false;
    result.last = s.run_epoch(epoch, observer, stop);
    result.epoch_seconds.push_back(result.last.epoch_seconds);
    s.keep_if_best(result.last, result);
    if (s.channel.rank() == 0) observer.on_epoch(result.last);
    if (!std::isfinite(result.last.train_loss)) {
      result.ending = Ending::diverged;
      break;
    }
    if (stop) {
      result.ending = Ending::stopped;
      break;
    }
    if (s.config.patience > 0 && result.best.epoch > 0 && epoch - result.best.epoch >= s.config.patience) {
      result.ending = Ending::patience;
      break;
    }
  }
  s.finish(result);
  return result;
}

Matrix FullGraphTrainer::outputs() {
  State& s = *state_;
  return gather_rows(s.evaluation_outputs(), s.shard.owned, s.shard.global_nodes, s.channel);
}

Parameters& FullGraphTrainer::parameters() {
  return state_->parameters;
}

}  // namespace tersegraph
