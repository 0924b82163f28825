#include "admm/admm_trainer.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "admm/layer_pipeline.h"
#include "admm/matrix_messages.h"
#include "admm/mlp.h"
#include "admm/placement.h"
#include "admm/reduced_basis.h"
#include "admm/shared_basis.h"
#include "base/error.h"
#include "data/rank_data.h"
#include "kernels/gemm.h"
#include "nn/parameters.h"
#include "train/epoch_loop.h"
#include "train/input_errors.h"
#include "train/local_targets.h"

namespace tersegraph {
namespace {

/// A Lagrangian so many times its first value has left all bounds.
constexpr double kDiverged = 1e6;

void check(const Dataset& dataset, const Split& split, const AdmmTrainerConfig& config, int ranks) {
  validate(config.admm);
  if (dataset.labels.task != Task::multiclass) fail_input("--optimizer admm needs labels that are classes, one a node");
  if (config.node_ranks < 1 || ranks % config.node_ranks != 0) {
    fail_input("--node-ranks {}: there are {} ranks, which it does not divide", config.node_ranks, ranks);
  }
  const auto nodes = std::ssize(split.train);
  if (nodes > 0 && config.node_ranks > nodes) {
    fail_input("--node-ranks {}: there are only {} training nodes to cut", config.node_ranks, nodes);
  }
}

std::vector<int32_t> labels_of(const Labels& labels, const std::vector<int64_t>& nodes) {
  std::vector<int32_t> classes;
  for (const int64_t node : nodes) classes.push_back(labels.classes[node]);
  return classes;
}

void copy(const Matrix& from, MatrixView to) {
  std::memcpy(to.data, from.data(), from.bytes());
}

std::span<float> values_of(const Matrix& x) {
  return {x.data(), static_cast<size_t>(x.size())};
}

Matrix transposed(const Matrix& x) {
  Matrix result(x.cols(), x.rows());
  for (int64_t i = 0; i < x.rows(); ++i) {
    for (int64_t j = 0; j < x.cols(); ++j) result(j, i) = x(i, j);
  }
  return result;
}

}  // namespace

struct AdmmTrainer::State final : Learner {
  State(const Dataset& dataset, const Csr& aggregation, const Split& split, const Partition& partition,
        const AdmmTrainerConfig& config_, Channel& channel_)
      : config(config_),
        channel(channel_),
        axes{channel.size() / config.node_ranks, config.node_ranks},
        shard(agreed(channel, [&] { return build_shard(aggregation, partition, channel.rank(), config.ordering, 0); })),
        targets(make_local_targets(take_rows(dataset.labels, shard.owned), split, shard)),
        features(dataset.features, shard, split.train, channel, config.augment),
        loop({config.admm.eval_every, 0}, dataset.labels, split, shard, targets, channel),
        training_labels(labels_of(dataset.labels, split.train)) {
    for (int l = 0, layers = config.admm.stages.back(); l < layers; ++l) {
      const int64_t out = l + 1 == layers ? targets.outputs : config.admm.neurons;
      parameters.add(fmt::format("layers.{}.weight", l), l == 0 ? features.cols() : config.admm.neurons, out);
      parameters.add(fmt::format("layers.{}.bias", l), 1, out);
    }
    parameters.finalize();
    if (!split.train.empty()) place(split);
  }

  void place(const Split& split);
  void reduce();
  void train_epoch(EpochMetrics& metrics) override;
  double loss(EpochMetrics& metrics) override;
  std::optional<Ending> verdict() override;
  ConstMatrixView evaluation_outputs() override;
  void save_best() override { best = current.copy(); }
  void restore_best() override;
  void save(SavedState& saved) override;
  void load(const SavedState& saved) override;
  SentValues sent_values() const override;
  void write_parameters();
  void read_parameters();

  AdmmTrainerConfig config;
  Channel& channel;
  RankAxes axes;
  Shard shard;
  LocalTargets targets;
  AugmentedFeatures features;
  EpochLoop loop;
  std::vector<int32_t> training_labels;  ///< in the order of the split, on every rank
  Matrix x;                              ///< ranks of the first layer: (its training nodes, inputs)
  std::optional<ReducedBasis> basis;     ///< rank 0, where it is reduced
  Matrix reduced;                        ///< the owned nodes in the reduced basis (owned, inputs)
  AdmmInput input;
  std::optional<LayerPipeline> pipeline;  ///< while it trains
  Mlp current, best;
  Parameters parameters;
  AdmmState state, state_before;
  int64_t iterations = 0;
  double bound = 0.0;
  MlpWorkspace workspace;
  Matrix product;
};

/// Moves the training rows from the ranks that own their nodes to those of the first layer.
void AdmmTrainer::State::place(const Split& split) {
  const auto columns = static_cast<int64_t>(split.train.size());
  x = place_training_rows(features.training_rows(), features.training_ids(), split.train, features.cols(), axes,
                          channel);
  if (features.cols() > columns) reduce();
  const int64_t inputs = reduced.cols() > 0 ? reduced.cols() : features.cols();
  const int64_t begin = ColumnShards::begin(columns, axes.shard_of(channel.rank()), axes.nodes);
  input = {x, training_labels.data() + begin, columns, inputs, targets.outputs};
}

/// X = R Q: trains on R, and evaluates all nodes on their rows times Q^T.
void AdmmTrainer::State::reduce() {
  const Matrix to_basis = share_reduced_basis(x, axes, channel);
  if (axes.block_of(channel.rank()) == 0) {
    basis = ReducedBasis::of(transposed(to_basis));
    x = basis->reduce(x);
    if (channel.rank() != 0) basis.reset();
  }
  reduced.reshape(shard.owned_count(), to_basis.cols());
  features.multiply(to_basis, reduced);
}

void AdmmTrainer::State::train_epoch(EpochMetrics& metrics) {
  pipeline->iterate(metrics.seconds);
  ++iterations;
}

/// The risk is known on every rank; rank 0 tells it.
double AdmmTrainer::State::loss(EpochMetrics& metrics) {
  state_before = std::exchange(state, sum_terms(pipeline->terms(), config.admm.rho));
  if (iterations == 1) bound = kDiverged * std::max(std::abs(state.objective), 1.0);
  metrics.objective = state.objective;
  metrics.lagrangian = state.lagrangian;
  metrics.residuals = state.residuals;
  return channel.rank() == 0 ? state.risk / static_cast<double>(input.columns) : 0.0;
}

std::optional<Ending> AdmmTrainer::State::verdict() {
  const double now = state.lagrangian;
  if (!std::isfinite(now) || !std::isfinite(state.objective) || std::abs(now) > bound) return Ending::diverged;
  const bool full_depth = pipeline->layers() == config.admm.stages.back();
  if (full_depth && iterations > 1 &&
      std::abs(now - state_before.lagrangian) <= config.admm.tolerance * std::abs(now)) {
    return Ending::converged;
  }
  return std::nullopt;
}

/// While it trains, of the weights as they are now; otherwise of parameters().
ConstMatrixView AdmmTrainer::State::evaluation_outputs() {
  if (pipeline) {
    pipeline->gather_weights(current);
  } else {
    read_parameters();
  }
  product.reshape(shard.owned_count(), current.w.front().cols());
  if (pipeline && reduced.cols() > 0) {
    gemm(reduced, current.w.front(), product);
  } else {
    features.multiply(current.w.front(), product);
  }
  return forward_from(current, product, workspace);
}

SentValues AdmmTrainer::State::sent_values() const {
  const int64_t bits = Grid(config.admm, false).bits() + Grid(config.admm, true).bits();
  return {iterations * bits, iterations * 2};
}

/// The best iterate, or where there was no evaluation (diverged at once) the last one.
void AdmmTrainer::State::restore_best() {
  pipeline->settle();
  if (best.layers() == 0) {
    pipeline->gather_weights(current);
  } else {
    current = std::exchange(best, {});
  }
  pipeline.reset();
  insert_identity_layers(current, config.admm.stages.back());
  write_parameters();
}

void AdmmTrainer::State::save(SavedState& saved) {
  pipeline->save(saved);
  if (channel.rank() != 0) return;
  saved.set("iterations", iterations);
  saved.set("bound", bound);
  saved.set("lagrangian", state.lagrangian);
  saved.set("best_layers", int64_t{best.layers()});
  for (int l = 0; l < best.layers(); ++l) {
    saved.set_values(fmt::format("best/{:04}/weight", l), best.w[l].data(), best.w[l].size());
    saved.set_values(fmt::format("best/{:04}/bias", l), best.b[l].data(), best.b[l].size());
  }
}

void AdmmTrainer::State::load(const SavedState& saved) {
  iterations = saved.get<int64_t>("iterations");
  bound = saved.get<double>("bound");
  state.lagrangian = saved.get<double>("lagrangian");
  const auto layers = saved.get<int64_t>("best_layers");
  if (layers < 0 || layers > pipeline->layers()) fail_run("the checkpoint's best weights have {} layers", layers);
  best = Mlp();
  best.nonlinearity = config.admm.nonlinearity;
  for (int l = 0; l < layers; ++l) {
    const int64_t in = l == 0 ? input.inputs : config.admm.neurons;
    const int64_t out = l + 1 == layers ? targets.outputs : config.admm.neurons;
    saved.read_values(fmt::format("best/{:04}/weight", l), values_of(best.w.emplace_back(in, out)));
    saved.read_values(fmt::format("best/{:04}/bias", l), values_of(best.b.emplace_back(1, out)));
  }
}

/// parameters() <- the current weights, the first ones for hops that are neither reduced nor scaled.
void AdmmTrainer::State::write_parameters() {
  Matrix first = basis ? basis->expand(current.w[0]) : copy_of(current.w[0]);
  broadcast(first, 0, Traffic::placement, channel);
  fold_scales(features.scales(), first, false);
  for (int l = 0; l < current.layers(); ++l) {
    copy(l == 0 ? first : current.w[l], parameters.value(2 * l));
    copy(current.b[l], parameters.value(2 * l + 1));
  }
}

void AdmmTrainer::State::read_parameters() {
  current = Mlp();
  current.nonlinearity = config.admm.nonlinearity;
  for (int l = 0; 2 * l < parameters.count(); ++l) {
    current.w.push_back(copy_of(parameters.value(2 * l)));
    current.b.push_back(copy_of(parameters.value(2 * l + 1)));
  }
  fold_scales(features.scales(), current.w[0], true);
}

AdmmTrainer::AdmmTrainer(const Dataset& dataset, const Csr& aggregation, const Split& split, const Partition& partition,
                         const AdmmTrainerConfig& config, Channel& channel)
    : state_(agree_on_input(channel, [&] {
        check(dataset, split, config, channel.size());
        return std::make_unique<State>(dataset, aggregation, split, partition, config, channel);
      })) {}

AdmmTrainer::~AdmmTrainer() = default;

TrainResult AdmmTrainer::train(Observer& observer) {
  State& s = *state_;
  const AdmmConfig& config = s.config.admm;
  if (s.training_labels.empty()) fail_input("the split has no training node: ADMM trains on training nodes alone");
  s.iterations = 0;
  s.pipeline.emplace(config, s.input, s.channel, s.axes.nodes);
  const int first = EpochLoop::first_stage(observer, config.stages.size());
  const SavedState* saved = observer.resume_from();
  for (size_t stage = first; stage < config.stages.size(); ++stage) {
    if (saved != nullptr) {
      s.pipeline->load(*std::exchange(saved, nullptr), config.stages[stage]);
    } else {
      s.pipeline->grow(config.stages[stage]);
    }
    if (s.loop.run(s, config.iterations[stage], observer) != Ending::finished) break;
  }
  const int64_t link_bytes = s.pipeline->link_bytes();
  TrainResult result = s.loop.finish(s);
  result.facts["link_bytes_per_iteration"] = static_cast<double>(link_bytes);
  result.facts["inputs"] = static_cast<double>(s.input.inputs);
  result.facts["theory_least_rho"] = check_theory(config).least_rho;
  return result;
}

Matrix AdmmTrainer::outputs() {
  return state_->loop.gather_outputs(*state_);
}

Parameters& AdmmTrainer::parameters() {
  return state_->parameters;
}

}  // namespace tersegraph
