// The steps of MlpTrainer against dense formulas in fp64.
#include <gtest/gtest.h>

#include <cmath>

#include "augment/augmented_features.h"
#include "reference/dense_mlp.h"
#include "train/small_dataset.h"
#include "train/training.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::dense_of;
using reference::Tensors;
using testing::kClasses;
using testing::kFeatures;
using testing::kNodes;
using testing::make_trainer;
using testing::small_dataset;
using testing::Trained;

constexpr int64_t kHidden = 5;

MlpConfig mlp_config() {
  MlpConfig config;
  config.model = {.layers = 3, .hidden = kHidden, .dropout = 0.25f};
  config.augment.hops = 2;
  config.augment.scale_hops = false;
  config.seed = 7;
  return config;
}

/// X for all nodes.
Dense augmented(const Dataset& dense, const MlpConfig& config) {
  const Dense a = reference::gcn_operator(dense_of(dense.graph.adjacency.view()));
  const std::vector<Dense> hops =
      reference::hops_of(reference::unit_rows(dense_of(dense.features.dense)), a, config.augment.hops);
  return config.augment.last_hop_only ? hops.back() : reference::concatenated(hops);
}

reference::DenseGnn dense_model(const Dense& x, const MlpConfig& config, bool training) {
  return {.aggregation = reference::identity(x.rows),
          .features = x,
          .layers = config.model.layers,
          .layer_norm = config.model.norm == NormKind::layer,
          .residual = config.model.residual,
          .dropout = training ? config.model.dropout : 0.0,
          .input_dropout = training ? config.model.input_dropout : 0.0,
          .seed = config.seed,
          .epoch = 1};
}

struct FirstEpoch {
  double loss = 0.0;
  Dense outputs_before, outputs_after;
  Tensors gradients, values_after;
};

/// One epoch from the given values.
FirstEpoch first_epoch(const Dataset& dataset, const MlpConfig& config, const Tensors& tensors, int ranks) {
  FirstEpoch result;
  run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition partition = reference::random_parts(kNodes, ranks, 4);
    const std::unique_ptr<Trainer> trainer = make_trainer(dataset, partition, config, channel);
    Parameters& parameters = trainer->parameters();
    ASSERT_EQ(parameters.count(), std::ssize(tensors));
    for (int t = 0; t < parameters.count(); ++t) {
      const std::vector<double>& values = tensors.at(parameters.name(t)).values;
      ASSERT_EQ(std::ssize(values), parameters.value(t).size());
      std::copy(values.begin(), values.end(), parameters.value(t).data);
    }
    const Matrix before = trainer->outputs();
    testing::Recorder recorder;
    trainer->train(recorder);
    const Matrix after = trainer->outputs();
    if (channel.rank() != 0) return;
    result.loss = recorder.epochs.at(0).train_loss;
    result.outputs_before = dense_of(before);
    result.outputs_after = dense_of(after);
    for (int t = 0; t < parameters.count(); ++t) {
      result.gradients[parameters.name(t)] = dense_of(parameters.gradient(t));
      result.values_after[parameters.name(t)] = dense_of(parameters.value(t));
    }
  });
  return result;
}

Tensors random_tensors(const MlpConfig& config, int64_t inputs) {
  Tensors tensors;
  Random random = reference::numbers(7);
  const auto fill = [&](const std::string& name, int64_t rows, int64_t cols, double mean) {
    for (double& value : (tensors[name] = Dense(rows, cols)).values) {
      value = static_cast<float>(mean + 0.6 * random.normal());
    }
  };
  for (int l = 0; l < config.model.layers; ++l) {
    const std::string name = "layers." + std::to_string(l);
    const bool last = l == config.model.layers - 1;
    const int64_t in = l == 0 ? inputs : kHidden, out = last ? kClasses : kHidden;
    fill(name + ".weight", in, out, 0.0);
    fill(name + ".bias", 1, out, 0.0);
    if (last || config.model.norm == NormKind::none) continue;
    fill(name + ".norm.weight", 1, out, 1.0);
    fill(name + ".norm.bias", 1, out, 0.0);
  }
  return tensors;
}

void check_first_epoch(MlpConfig config, int64_t features = kFeatures, double density = 0.5) {
  config.epochs = 1;
  config.optimizer.kind = OptimizerKind::sgd;
  config.learning_rate = 0.1;
  const Dataset dense = small_dataset(false, features, density), sparse = small_dataset(true, features, density);
  const Dense x = augmented(dense, config);
  const Tensors tensors = random_tensors(config, x.cols);
  const reference::DenseGnn model = dense_model(x, config, true);
  const auto loss = [&](const Tensors& t) {
    return reference::mean_cross_entropy(model.outputs(t), dense.labels.classes, dense.splits[0].train);
  };
  const Tensors gradients = reference::numerical_gradients(tensors, loss);
  Tensors stepped = tensors;
  for (auto& [name, tensor] : stepped) {
    for (size_t k = 0; k < tensor.values.size(); ++k) tensor.values[k] -= 0.1 * gradients.at(name).values[k];
  }
  for (const Dataset* dataset : {&dense, &sparse}) {
    for (const int ranks : {1, 3}) {
      SCOPED_TRACE((dataset == &sparse ? "sparse, ranks " : "dense, ranks ") + std::to_string(ranks));
      const FirstEpoch epoch = first_epoch(*dataset, config, tensors, ranks);
      EXPECT_NEAR(epoch.loss, loss(tensors), 1e-5 * loss(tensors));
      const reference::DenseGnn evaluation = dense_model(x, config, false);
      EXPECT_LT(relative_error(epoch.outputs_before, evaluation.outputs(tensors)), 1e-5);
      EXPECT_LT(relative_error(epoch.outputs_after, evaluation.outputs(stepped)), 1e-4);
      for (const auto& [name, gradient] : gradients) {
        EXPECT_LT(relative_error(epoch.gradients.at(name), gradient), 2e-4) << name;
        EXPECT_GT(reference::norm(gradient), 1e-3) << name << " would be compared with nothing";
        EXPECT_LT(relative_error(epoch.values_after.at(name), stepped.at(name)), 1e-5) << name;
      }
    }
  }
}

TEST(MlpFormulas, StepsAreThoseOfTheDenseFormulas) {
  MlpConfig config = mlp_config();
  check_first_epoch(config);
  config.model.input_dropout = 0.4f;
  check_first_epoch(config);
  config.augment.last_hop_only = true;
  check_first_epoch(config);
}

TEST(MlpFormulas, StepsOnSparseRowsAreThoseOfTheDenseFormulas) {
  MlpConfig config = mlp_config();
  config.augment.hops = 1;
  config.model.layers = 2;
  config.model.input_dropout = 0.4f;
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Dataset dataset = small_dataset(true, 60, 0.05);
    const Csr matrix = aggregation_operator(dataset.graph, config.normalisation);
    const Shard shard = build_shard(matrix, reference::random_parts(kNodes, 1, 0), 0, Ordering::none, 0);
    const AugmentedFeatures x(dataset.features, shard, dataset.splits[0].train, channel, config.augment);
    EXPECT_TRUE(x.training_rows().is_sparse);
  });
  check_first_epoch(config, 60, 0.05);
}

TEST(MlpFormulas, StepsWithNormAndResidualAreThoseOfTheDenseFormulas) {
  MlpConfig config = mlp_config();
  config.model.norm = NormKind::layer;
  config.model.residual = true;
  check_first_epoch(config);
}

/// SGC: full-batch gradient descent of a logistic regression on A^2 H.
TEST(MlpFormulas, SgcIsALogisticRegression) {
  MlpConfig config = mlp_config();
  config.model.layers = 1;
  config.augment.last_hop_only = true;
  config.optimizer.kind = OptimizerKind::sgd;
  config.learning_rate = 0.5;
  config.epochs = 30;
  const Dataset dataset = small_dataset(false);
  const Dense x = augmented(dataset, config);
  Dense w(kFeatures, kClasses), b(1, kClasses);
  Trained trained;
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition whole = reference::random_parts(kNodes, 1, 0);
    const std::unique_ptr<Trainer> trainer = make_trainer(dataset, whole, config, channel);
    w = dense_of(trainer->parameters().value(0));
    testing::Recorder recorder;
    trained.result = trainer->train(recorder);
    trained.epochs = std::move(recorder.epochs);
  });
  const std::vector<int64_t>& nodes = dataset.splits[0].train;
  for (int epoch = 0; epoch < 30; ++epoch) {
    Dense dw(kFeatures, kClasses), db(1, kClasses);
    double loss = 0.0;
    for (const int64_t v : nodes) {
      double logits[kClasses], sum = 0.0;
      for (int64_t c = 0; c < kClasses; ++c) {
        logits[c] = b(0, c);
        for (int64_t f = 0; f < kFeatures; ++f) logits[c] += x(v, f) * w(f, c);
        sum += std::exp(logits[c]);
      }
      loss -= logits[dataset.labels.classes[v]] - std::log(sum);
      for (int64_t c = 0; c < kClasses; ++c) {
        const double residual = std::exp(logits[c]) / sum - (c == dataset.labels.classes[v]);
        db(0, c) += residual;
        for (int64_t f = 0; f < kFeatures; ++f) dw(f, c) += residual * x(v, f);
      }
    }
    const auto n = static_cast<double>(nodes.size());
    EXPECT_NEAR(trained.epochs.at(epoch).train_loss, loss / n, 1e-5) << epoch;
    for (size_t k = 0; k < dw.values.size(); ++k) w.values[k] -= 0.5 / n * dw.values[k];
    for (size_t k = 0; k < db.values.size(); ++k) b.values[k] -= 0.5 / n * db.values[k];
  }
  EXPECT_LT(trained.epochs.back().train_loss, 0.99 * trained.epochs.front().train_loss);
}

}  // namespace
}  // namespace tersegraph
