#include "nn/gnn_model.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "comm/collectives.h"
#include "comm/launch.h"
#include "data/features.h"
#include "data/rank_data.h"
#include "reference/dense_mlp.h"
#include "reference/random_graphs.h"
#include "train/gather.h"
#include "train/input_features.h"
#include "train/local_targets.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::Tensors;

constexpr int64_t kNodes = 21, kFeatures = 9, kHidden = 6, kOutputs = 4;
constexpr uint64_t kSeed = 5;
constexpr int64_t kEpoch = 3;

/// What changes the function that a model computes.
using Semantics = std::tuple<ModelKind, NormKind, ActivationOrder, bool /*residual*/, float /*input dropout*/>;

ModelConfig model_config(const Semantics& semantics) {
  const auto& [kind, norm, order, residual, input_dropout] = semantics;
  return {.kind = kind,
          .layers = 3,
          .hidden = kHidden,
          .dropout = 0.25f,
          .input_dropout = input_dropout,
          .norm = norm,
          .order = order,
          .residual = residual};
}

/// What must not change it.
struct Variant {
  ConvOrder first_order;
  bool aggregate_first;
  bool sparse;
  int ranks;
  bool skip_rows = false;

  std::string words() const {
    constexpr const char* kOrders[] = {"aggregated input", "aggregate first", "transform first", "unaggregated"};
    return std::string(kOrders[static_cast<int>(first_order)]) +
           (aggregate_first ? ", then always aggregate first" : "") + (skip_rows ? ", rows skipped" : "") +
           (sparse ? ", sparse" : ", dense") + ", ranks " + std::to_string(ranks);
  }
};

std::vector<Variant> variants(ModelKind kind, bool constant_input) {
  std::vector<Variant> all;
  if (kind == ModelKind::mlp) {
    for (const bool sparse : {false, true}) {
      for (const int ranks : {1, 3}) all.push_back({ConvOrder::unaggregated, false, sparse, ranks});
    }
    return all;
  }
  for (const ConvOrder order : {ConvOrder::aggregated_input, ConvOrder::aggregate_first, ConvOrder::transform_first}) {
    if (order == ConvOrder::aggregated_input && !constant_input) continue;
    for (const bool aggregate_first : {false, true}) {
      for (const bool sparse : {false, true}) {
        for (const int ranks : {1, 3}) {
          for (const bool skip_rows : {false, true}) all.push_back({order, aggregate_first, sparse, ranks, skip_rows});
        }
      }
    }
  }
  return all;
}

/// Rows of zeros included.
Csr random_sparse_features(double filled) {
  Random random = reference::numbers(2);
  Csr x;
  x.cols = kFeatures;
  for (int64_t i = 0; i < kNodes; ++i) {
    for (int32_t c = 0; c < kFeatures; ++c) {
      if (i % 7 == 3 || random.uniform() > filled) continue;
      x.indices.push_back(c);
      x.values.push_back(static_cast<float>(random.normal()));
    }
    x.indptr.push_back(static_cast<int64_t>(x.indices.size()));
  }
  return x;
}

struct Problem {
  Graph graph = reference::random_graph(kNodes, 60, true, true, 2, 1);
  Features sparse, dense;
  Labels labels;
  Split split;

  explicit Problem(double filled = 0.3) {
    sparse.is_sparse = true;
    sparse.sparse = random_sparse_features(filled);
    dense.dense = Matrix(kNodes, kFeatures);
    const Dense x = reference::dense_of(sparse.sparse.view());
    for (int64_t k = 0; k < dense.dense.size(); ++k) dense.dense.data()[k] = static_cast<float>(x.values[k]);
    labels.outputs = kOutputs;
    for (int64_t i = 0; i < kNodes; ++i) labels.classes.push_back(static_cast<int32_t>(i * i % kOutputs));
    split.train = {0, 6, 12, kNodes - 2};  // the last one is isolated
  }
};

/// Random values for all tensors of a model, biases and norms too.
Tensors random_tensors(const ModelConfig& config) {
  Parameters parameters;
  const GnnModel model(config, kFeatures, kOutputs, ConvOrder::aggregate_first, false, parameters);
  Tensors tensors;
  Random random = reference::numbers(7);
  parameters.finalize();
  for (int t = 0; t < parameters.count(); ++t) {
    Dense& tensor = tensors[parameters.name(t)] = reference::dense_of(parameters.value(t));
    const bool gain = parameters.name(t).ends_with("norm.weight");
    for (double& value : tensor.values) value = static_cast<float>((gain ? 1.0 : 0.0) + 0.6 * random.normal());
  }
  return tensors;
}

struct Result {
  double loss = 0.0;
  Dense training_outputs, evaluation_outputs;
  Tensors gradients;
};

Result run_rank(const Problem& problem, const ModelConfig& config, const Variant& variant, const Tensors& tensors,
                int64_t last_epoch, Communicator& communicator) {
  Channel channel(communicator);
  const bool sage = config.kind == ModelKind::sage;
  const Csr aggregation_matrix =
      aggregation_operator(problem.graph, sage ? Normalisation::mean : Normalisation::symmetric);
  const Partition partition = reference::random_parts(kNodes, channel.size(), 4);
  Shard shard = build_shard(aggregation_matrix, partition, channel.rank(), Ordering::none, 0);
  const Reach reach = order_by_reach(shard, problem.split.train, config.layers, channel);
  Aggregation aggregation(shard, channel, {});
  const LocalTargets targets = make_local_targets(take_rows(problem.labels, shard.owned), problem.split, shard);
  if (variant.skip_rows) aggregation.skip_rows(reach, targets.train);
  const TrainingLoss loss(LossKind::automatic, {}, targets, channel);
  InputFeatures input(take_rows(variant.sparse ? problem.sparse : problem.dense, shard.owned), aggregation,
                      variant.first_order, sage, config.input_dropout);
  Parameters parameters;
  GnnModel model(config, kFeatures, kOutputs, variant.first_order, false, parameters);
  parameters.finalize();
  for (int t = 0; t < parameters.count(); ++t) {
    const std::vector<double>& values = tensors.at(parameters.name(t)).values;
    std::copy(values.begin(), values.end(), parameters.value(t).data);
  }

  Result result;
  PhaseSeconds seconds;
  Matrix gradient;
  const auto train = [&](int64_t epoch) {
    const ModelPass pass{.training = true, .seed = kSeed, .epoch = epoch};
    const ModelInput x = input.prepare(pass);
    const MatrixView outputs = model.forward(x, aggregation, pass, seconds);
    gradient.reshape(outputs.rows, kOutputs);
    result.loss = loss(outputs, gradient);
    if (!variant.skip_rows) {
      result.training_outputs = reference::dense_of(gather_rows(outputs, shard.owned, kNodes, channel));
    }
    model.backward(x, aggregation, pass, gradient, seconds);
  };
  const auto evaluate = [&] {
    const ModelPass pass{.training = false, .seed = kSeed};
    ModelInput x = input.prepare(pass);
    Matrix product(shard.owned_count(), config.layers == 1 ? kOutputs : kHidden);
    if (config.kind == ModelKind::mlp) {
      multiply_block(x.features, parameters.value(0), product);
      x = {.features = {}, .aggregated = {}, .product = product};
    }
    const Matrix all = gather_rows(model.forward(x, aggregation, pass, seconds), shard.owned, kNodes, channel);
    result.evaluation_outputs = reference::dense_of(all);
  };
  // Another epoch and an evaluation first: what they leave in the buffers must not matter.
  train(last_epoch + 1);
  evaluate();
  train(last_epoch);

  all_reduce_sum(channel, Traffic::all_reduce, parameters.gradients());
  all_reduce_sum(channel, Traffic::all_reduce, std::span(&result.loss, 1));
  for (int t = 0; t < parameters.count(); ++t) {
    result.gradients[parameters.name(t)] = reference::dense_of(parameters.gradient(t));
  }
  return result;
}

Result run(const Problem& problem, const ModelConfig& config, const Variant& variant, const Tensors& tensors,
           int64_t last_epoch = kEpoch) {
  Result result;
  run_thread_ranks(variant.ranks, 1, [&](Communicator& communicator) {
    Result mine = run_rank(problem, config, variant, tensors, last_epoch, communicator);
    if (communicator.rank() == 0) result = std::move(mine);
  });
  return result;
}

reference::DenseGnn dense_model(const Problem& problem, const ModelConfig& config, bool training) {
  const Dense adjacency = reference::dense_of(problem.graph.adjacency.view());
  const bool sage = config.kind == ModelKind::sage;
  return {.aggregation = config.kind == ModelKind::mlp ? reference::identity(kNodes)
                         : sage                        ? reference::mean_operator(adjacency)
                                                       : reference::gcn_operator(adjacency),
          .features = reference::dense_of(problem.dense.dense),
          .layers = config.layers,
          .root_weight = sage,
          .layer_norm = config.norm == NormKind::layer,
          .dropout_before_norm = config.order == ActivationOrder::dropout_norm_relu,
          .residual = config.residual,
          .dropout = training ? config.dropout : 0.0,
          .input_dropout = training ? config.input_dropout : 0.0,
          .seed = kSeed,
          .epoch = kEpoch};
}

class GnnModelFunction : public ::testing::TestWithParam<Semantics> {};

void expect_dense_formulas(const Problem& problem, ModelConfig config) {
  const Tensors tensors = random_tensors(config);
  const reference::DenseGnn training = dense_model(problem, config, true);
  const auto dense_loss = [&](const Tensors& t) {
    return reference::mean_cross_entropy(training.outputs(t), problem.labels.classes, problem.split.train);
  };
  const Dense training_outputs = training.outputs(tensors);
  const Dense evaluation_outputs = dense_model(problem, config, false).outputs(tensors);
  const Tensors gradients = reference::numerical_gradients(tensors, dense_loss);

  for (const Variant& variant : variants(config.kind, config.input_dropout == 0.0f)) {
    SCOPED_TRACE(variant.words());
    config.aggregate_first = variant.aggregate_first;
    const Result result = run(problem, config, variant, tensors);
    EXPECT_NEAR(result.loss, dense_loss(tensors), 1e-4 * dense_loss(tensors));
    if (!variant.skip_rows) {
      EXPECT_LT(relative_error(result.training_outputs, training_outputs), 1e-5);
    }
    EXPECT_LT(relative_error(result.evaluation_outputs, evaluation_outputs), 1e-5);
    ASSERT_EQ(result.gradients.size(), gradients.size());
    for (const auto& [name, gradient] : gradients) {
      EXPECT_LT(relative_error(result.gradients.at(name), gradient), 2e-4) << name;
      EXPECT_GT(reference::norm(gradient), 1e-3) << name << " would be compared with nothing";
    }
  }
}

TEST_P(GnnModelFunction, OutputsAndGradientsAreThoseOfTheDenseFormulas) {
  expect_dense_formulas(Problem(), model_config(GetParam()));
}

// So few entries are multiplied as they are, and more than these are made dense.
TEST_P(GnnModelFunction, OfSparseFeaturesToo) {
  expect_dense_formulas(Problem(0.1), model_config(GetParam()));
}

std::string name_of(const ::testing::TestParamInfo<Semantics>& info) {
  const auto& [kind, norm, order, residual, input_dropout] = info.param;
  constexpr const char* kKinds[] = {"Gcn", "Sage", "Mlp"};
  return std::string(kKinds[static_cast<int>(kind)]) + (norm == NormKind::layer ? "LayerNorm" : "") +
         (order == ActivationOrder::dropout_norm_relu ? "DropoutFirst" : "") + (residual ? "Residual" : "") +
         (input_dropout > 0 ? "InputDropout" : "");
}

INSTANTIATE_TEST_SUITE_P(All, GnnModelFunction,
                         ::testing::Combine(::testing::Values(ModelKind::gcn, ModelKind::sage, ModelKind::mlp),
                                            ::testing::Values(NormKind::none, NormKind::layer),
                                            ::testing::Values(ActivationOrder::norm_relu_dropout,
                                                              ActivationOrder::dropout_norm_relu),
                                            ::testing::Bool(), ::testing::Values(0.0f, 0.5f)),
                         name_of);

// The skip goes over layers whose widths agree, never over the last one, whose outputs are logits.
TEST(GnnModel, ResidualNeverSkipsTheLastLayer) {
  Problem problem;
  ModelConfig config = model_config({ModelKind::gcn, NormKind::none, ActivationOrder::norm_relu_dropout, true, 0.0f});
  config.hidden = kOutputs;
  const Tensors tensors = random_tensors(config);
  const reference::DenseGnn dense = dense_model(problem, config, true);
  const auto dense_loss = [&](const Tensors& t) {
    return reference::mean_cross_entropy(dense.outputs(t), problem.labels.classes, problem.split.train);
  };
  const Result result = run(problem, config, {ConvOrder::transform_first, false, false, 1}, tensors);
  EXPECT_LT(relative_error(result.training_outputs, dense.outputs(tensors)), 1e-5);
  for (const auto& [name, gradient] : reference::numerical_gradients(tensors, dense_loss)) {
    EXPECT_LT(relative_error(result.gradients.at(name), gradient), 2e-4) << name;
  }
}

/// The gradients of the trained model at so many kept bits, averaged over draws of the rounding alone.
Tensors mean_gradients(const Problem& problem, ModelConfig config, const Variant& variant, const Tensors& tensors,
                       int bits, int draws) {
  config.kept_bits = bits;
  Tensors sum;
  for (int draw = 0; draw < draws; ++draw) {
    const Result result = run(problem, config, variant, tensors, kEpoch + draw);
    for (const auto& [name, gradient] : result.gradients) {
      Dense& total = sum.try_emplace(name, gradient.rows, gradient.cols).first->second;
      for (size_t k = 0; k < gradient.values.size(); ++k) total.values[k] += gradient.values[k] / draws;
    }
  }
  return sum;
}

// Rounding what the way back reads changes neither outputs nor, on average, gradients; a norm's are not linear in it.
TEST(GnnModel, KeepingActivationsAtFewBitsLeavesOutputsExactAndGradientsRightOnAverage) {
  const Problem problem;
  for (const ModelKind kind : {ModelKind::gcn, ModelKind::sage}) {
    for (const bool residual : {false, true}) {
      for (const NormKind norm : {NormKind::none, NormKind::layer}) {
        ModelConfig config = model_config({kind, norm, ActivationOrder::norm_relu_dropout, residual, 0.0f});
        config.dropout = 0.0f;
        const Tensors tensors = random_tensors(config);
        for (const bool aggregate_first : {false, true}) {
          const Variant variant{ConvOrder::aggregated_input, aggregate_first, false, aggregate_first ? 3 : 1};
          SCOPED_TRACE(variant.words() + (residual ? ", residual" : "") + (kind == ModelKind::sage ? ", sage" : ""));
          const Result exact = run(problem, config, variant, tensors);
          config.kept_bits = 4;
          const Result rounded = run(problem, config, variant, tensors);
          config.kept_bits = 32;
          EXPECT_EQ(rounded.loss, exact.loss);
          EXPECT_EQ(rounded.evaluation_outputs.values, exact.evaluation_outputs.values);
          const bool linear = norm == NormKind::none && !residual;
          const Tensors mean = mean_gradients(problem, config, variant, tensors, linear ? 4 : 8, linear ? 200 : 4);
          double changed = 0.0;
          for (const auto& [name, gradient] : exact.gradients) {
            EXPECT_LT(relative_error(mean.at(name), gradient), linear ? 0.02 : 0.05) << name;
            changed = std::max(changed, relative_error(rounded.gradients.at(name), gradient));
          }
          EXPECT_GT(changed, linear ? 0.01 : 0.0) << "nothing was rounded";
        }
      }
    }
  }
}

// bf16 has 8 bits of fraction: half a unit in the last place is 2^-9 of a value.
TEST(GnnModel, RowsGatheredInBfloat16ChangeResultsByNoMoreThanTheirRounding) {
  const Problem problem;
  for (const ModelKind kind : {ModelKind::gcn, ModelKind::sage}) {
    for (const NormKind norm : {NormKind::none, NormKind::layer}) {
      ModelConfig config = model_config({kind, norm, ActivationOrder::norm_relu_dropout, norm == NormKind::none, 0.0f});
      const Tensors tensors = random_tensors(config);
      for (const Variant& variant : variants(kind, true)) {
        SCOPED_TRACE(variant.words());
        config.aggregate_first = variant.aggregate_first;
        config.gathered_bits = 32;
        const Result exact = run(problem, config, variant, tensors);
        config.gathered_bits = 16;
        const Result rounded = run(problem, config, variant, tensors);
        const double error = relative_error(rounded.evaluation_outputs, exact.evaluation_outputs);
        if (variant.ranks > 1) {  // what travels is the exchange's to encode
          EXPECT_EQ(error, 0.0);
          continue;
        }
        EXPECT_LT(error, 4 * 0x1p-9);
        EXPECT_GT(error, 0x1p-13) << "nothing was rounded";
        for (const auto& [name, gradient] : exact.gradients) {
          EXPECT_LT(relative_error(rounded.gradients.at(name), gradient), 0.02) << name;
        }
      }
    }
  }
}

TEST(GnnModel, OneLayerIsALinearModelOfTheAggregatedFeatures) {
  const Problem problem;
  for (const ModelKind kind : {ModelKind::gcn, ModelKind::sage}) {
    ModelConfig config = model_config({kind, NormKind::layer, ActivationOrder::norm_relu_dropout, true, 0.0f});
    config.layers = 1;
    const Tensors tensors = random_tensors(config);
    EXPECT_EQ(tensors.size(), kind == ModelKind::sage ? 3u : 2u);
    const reference::DenseGnn dense = dense_model(problem, config, true);
    for (const Variant& variant : variants(kind, true)) {
      SCOPED_TRACE(variant.words());
      const Result result = run(problem, config, variant, tensors);
      if (variant.skip_rows) continue;
      EXPECT_LT(relative_error(result.training_outputs, dense.outputs(tensors)), 1e-5);
    }
  }
}

TEST(GnnModel, DecayOfTheFirstLayerAlone) {
  ModelConfig config =
      model_config({ModelKind::sage, NormKind::layer, ActivationOrder::norm_relu_dropout, false, 0.0f});
  Parameters parameters;
  const GnnModel model(config, kFeatures, kOutputs, ConvOrder::transform_first, true, parameters);
  for (int t = 0; t < parameters.count(); ++t) {
    EXPECT_EQ(parameters.decay(t), parameters.name(t).starts_with("layers.0.") ? 1.0f : 0.0f) << parameters.name(t);
  }
}

TEST(GnnModel, StartsFromGlorotWeightsZeroBiasesAndUnitGains) {
  ModelConfig config = model_config({ModelKind::gcn, NormKind::layer, ActivationOrder::norm_relu_dropout, false, 0.0f});
  Parameters parameters;
  GnnModel model(config, kFeatures, kOutputs, ConvOrder::transform_first, false, parameters);
  parameters.finalize();
  model.initialise(3);
  for (int t = 0; t < parameters.count(); ++t) {
    const std::string& name = parameters.name(t);
    const Dense tensor = reference::dense_of(parameters.value(t));
    if (name.ends_with("norm.weight")) {
      for (const double value : tensor.values) EXPECT_EQ(value, 1.0) << name;
    } else if (name.ends_with("bias")) {
      for (const double value : tensor.values) EXPECT_EQ(value, 0.0) << name;
    } else {
      const double limit = std::sqrt(6.0 / static_cast<double>(tensor.rows + tensor.cols));
      for (const double value : tensor.values) EXPECT_LE(std::abs(value), limit * 1.000001) << name;
      EXPECT_GT(reference::norm(tensor), 0.3 * limit * std::sqrt(static_cast<double>(tensor.values.size()))) << name;
    }
  }
}

}  // namespace
}  // namespace tersegraph
