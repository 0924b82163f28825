#include "admm/admm_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "data/npz_files.h"
#include "train/training.h"

namespace tersegraph {

std::unique_ptr<Trainer> make_trainer(const Dataset& dataset, const Partition& partition,
                                      const AdmmTrainerConfig& config, Channel& channel) {
  const Csr matrix = aggregation_operator(dataset.graph, Normalisation::symmetric);
  return std::make_unique<AdmmTrainer>(dataset, matrix, dataset.splits.at(0), partition, config, channel);
}

namespace {

using ::testing::Each;
using testing::error_of;
using ::testing::HasSubstr;
using testing::Ranks;
using testing::train;
using testing::Trained;

/// Three communities; `train` of the 300 nodes are for training.
Dataset communities(int64_t train, int64_t features = 6) {
  Dataset dataset = load_dataset("sbm:nodes=300,edges=9000,features=" + std::to_string(features) + ",classes=3,seed=4");
  Split split;
  for (int64_t node = 0; node < 300; ++node) {
    (node < train ? split.train : node < train + 60 ? split.val : split.test).push_back(node);
  }
  dataset.splits = {split};
  return dataset;
}

AdmmTrainerConfig small_config() {
  AdmmTrainerConfig config;
  config.admm.neurons = 16;
  config.admm.stages = {2, 4, 6};
  config.admm.iterations = {8, 4, 8};
  return config;
}

TEST(AdmmTrainer, LearnsAndKeepsTheBestOfTheLastStage) {
  for (const Quantize quantize : {Quantize::none, Quantize::pq}) {
    AdmmTrainerConfig config = small_config();
    config.admm.quantize = quantize;
    const Trained trained = train(communities(90), config);
    EXPECT_EQ(trained.result.ending, Ending::finished);
    EXPECT_EQ(trained.epochs.size(), 20u);
    EXPECT_GT(*trained.result.best.test_accuracy, 0.75);
    EXPECT_GE(*trained.result.best.val_accuracy, *trained.result.last.val_accuracy);
    EXPECT_GT(trained.result.best.epoch, 12);
    EXPECT_EQ(trained.result.mean_bits, quantize == Quantize::none ? 32.0 : 4.0);
    EXPECT_EQ(trained.epochs.back().residuals.size(), 5u);
  }
}

struct Case {
  const char* name;
  int64_t training;  ///< above 24, the columns of X, there is nothing to reduce
  Quantize quantize;
};

class AdmmRanks : public ::testing::TestWithParam<Case> {};

TEST_P(AdmmRanks, AndThreadsChangeNoBit) {
  const Dataset dataset = communities(GetParam().training);
  AdmmTrainerConfig config = small_config();
  config.admm.quantize = GetParam().quantize;
  const Trained alone = train(dataset, config);
  for (const Ranks& how : {Ranks{1, 2}, Ranks{2, 1}, Ranks{3, 2}, Ranks{6, 1}, Ranks{7, 1}}) {
    const Trained other = train(dataset, config, how);
    EXPECT_EQ(other.losses(), alone.losses()) << how.ranks;
    EXPECT_EQ(other.weights, alone.weights) << how.ranks;
    for (size_t k = 0; k < alone.epochs.size(); ++k) {
      ASSERT_EQ(other.epochs[k].lagrangian, alone.epochs[k].lagrangian) << how.ranks;
      ASSERT_EQ(other.epochs[k].val_accuracy, alone.epochs[k].val_accuracy) << how.ranks;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, AdmmRanks,
                         ::testing::Values(Case{"Reduced", 20, Quantize::none},
                                           Case{"ReducedQuantized", 20, Quantize::pq},
                                           Case{"Whole", 90, Quantize::none}, Case{"WholeQuantized", 90, Quantize::p}),
                         [](const auto& info) { return info.param.name; });

struct AxesCase {
  const char* name;
  int64_t training;  ///< below 24, the columns of X, there is a basis to share
  AdmmSolver solver;
  Quantize quantize;
};

class AdmmAxes : public ::testing::TestWithParam<AxesCase> {};

TEST_P(AdmmAxes, GoTheWayOfOneRank) {
  const Dataset dataset = communities(GetParam().training);
  AdmmTrainerConfig config = small_config();
  config.admm.iterations = {4, 2, 3};
  config.admm.solver = GetParam().solver;
  config.admm.quantize = GetParam().quantize;
  const Trained alone = train(dataset, config);
  for (const auto& [layers, nodes] : {std::pair{1, 2}, {2, 2}, {1, 3}, {4, 4}}) {
    SCOPED_TRACE(fmt::format("{} x {}", layers, nodes));
    config.node_ranks = nodes;
    const Trained other = train(dataset, config, {layers * nodes});
    ASSERT_EQ(other.epochs.size(), alone.epochs.size());
    for (size_t k = 0; k < alone.epochs.size(); ++k) {
      const EpochMetrics &a = other.epochs[k], &b = alone.epochs[k];
      EXPECT_NEAR(a.train_loss, b.train_loss, 1e-4 * std::abs(b.train_loss)) << k;
      EXPECT_NEAR(*a.lagrangian, *b.lagrangian, 1e-4 * std::abs(*b.lagrangian)) << k;
      EXPECT_NEAR(*a.val_accuracy, *b.val_accuracy, 0.02) << k;  // one node of 60
    }
    const Matrix &a = other.result.outputs, &b = alone.result.outputs;
    ASSERT_EQ(a.size(), b.size());
    double apart = 0.0, size = 0.0;
    for (int64_t i = 0; i < b.size(); ++i) {
      apart += std::pow(a.data()[i] - b.data()[i], 2);
      size += std::pow(b.data()[i], 2);
    }
    EXPECT_LT(std::sqrt(apart / size), 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(All, AdmmAxes,
                         ::testing::Values(AxesCase{"Reduced", 20, AdmmSolver::closed, Quantize::none},
                                           AxesCase{"Whole", 91, AdmmSolver::closed, Quantize::none},
                                           AxesCase{"GradientReduced", 20, AdmmSolver::gradient, Quantize::none},
                                           AxesCase{"GradientQuantized", 91, AdmmSolver::gradient, Quantize::pq}),
                         [](const auto& info) { return info.param.name; });

/// Under these axes threads, and how often it is evaluated, change no bit, as ever.
TEST(AdmmTrainer, AxesKeepTheBitsForAnyThreads) {
  const Dataset dataset = communities(91);
  AdmmTrainerConfig config = small_config();
  config.node_ranks = 2;
  config.admm.quantize = Quantize::pq;
  const Trained one = train(dataset, config, {4, 1}), two = train(dataset, config, {4, 2});
  EXPECT_EQ(one.losses(), two.losses());
  EXPECT_EQ(one.weights, two.weights);
}

TEST(AdmmTrainer, BytesOnTheWireAreThoseOfTheLinks) {
  AdmmTrainerConfig config = small_config();
  config.admm.quantize = Quantize::pq;
  const Trained trained = train(communities(90), config, {6, 1});
  const auto& bytes = trained.epochs.back().bytes;
  EXPECT_EQ(static_cast<double>(bytes.at("p") + bytes.at("q")), trained.result.facts.at("link_bytes_per_iteration"));
  // 5 links both ways: 90 columns of 16 neurons at 4 bits, two fp32 numbers a neuron, and the seal.
  EXPECT_EQ(bytes.at("p") + bytes.at("q"), 5 * 2 * (45 * 16 + 16 * 8 + kSealBytes));
}

/// What parameters() say by the other trainer of such models.
Matrix outputs_by_mlp(const Dataset& dataset, const AdmmTrainerConfig& config, const std::vector<float>& weights) {
  MlpConfig mlp;
  mlp.model.layers = config.admm.stages.back();
  mlp.model.hidden = config.admm.neurons;
  mlp.augment = config.augment;
  mlp.augment.scale_hops = false;
  Matrix outputs;
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition whole{1, std::vector<int32_t>(static_cast<size_t>(dataset.nodes()), 0)};
    const std::unique_ptr<Trainer> trainer = testing::make_trainer(dataset, whole, mlp, channel);
    trainer->parameters().restore_values(weights);
    outputs = trainer->outputs();
  });
  return outputs;
}

void expect_same_outputs(const Dataset& dataset, const AdmmTrainerConfig& config, const Trained& trained) {
  const Matrix outputs = outputs_by_mlp(dataset, config, trained.weights);
  ASSERT_EQ(outputs.size(), trained.result.outputs.size());
  for (int64_t i = 0; i < outputs.size(); ++i) {
    EXPECT_NEAR(outputs.data()[i], trained.result.outputs.data()[i], 1e-3 * (1 + std::abs(outputs.data()[i])));
  }
}

TEST(AdmmTrainer, ParametersAreOfAPlainPerceptronOnPlainHops) {
  for (const int64_t training : {20, 90}) {
    const Dataset dataset = communities(training);
    const AdmmTrainerConfig config = small_config();
    expect_same_outputs(dataset, config, train(dataset, config));
  }
}

TEST(AdmmTrainer, AStopDuringGrowthLeavesANetworkOfAllLayers) {
  const Dataset dataset = communities(90);
  const AdmmTrainerConfig config = small_config();
  const Trained trained = train(dataset, config, {2, 1, 5});
  EXPECT_EQ(trained.result.ending, Ending::stopped);
  EXPECT_EQ(trained.epochs.size(), 5u);
  expect_same_outputs(dataset, config, trained);
}

TEST(AdmmTrainer, EvaluatingChangesNoNumber) {
  const Dataset dataset = communities(5);  // W is implied: evaluating forms it
  AdmmTrainerConfig config = small_config();
  const Trained often = train(dataset, config);
  config.admm.eval_every = 0;
  const Trained once = train(dataset, config);
  EXPECT_EQ(often.losses(), once.losses());
  EXPECT_FALSE(once.epochs.front().val_accuracy.has_value());
  EXPECT_TRUE(once.epochs.back().val_accuracy.has_value());
}

TEST(AdmmTrainer, ToleranceEndsTheLastStage) {
  AdmmTrainerConfig config = small_config();
  config.admm.iterations = {3, 3, 500};
  config.admm.tolerance = 0.01;
  config.admm.eval_every = 0;
  const Trained trained = train(communities(90), config);
  EXPECT_EQ(trained.result.ending, Ending::converged);
  EXPECT_LT(trained.epochs.size(), 300u);
  EXPECT_TRUE(trained.result.last.val_accuracy.has_value());
}

TEST(AdmmTrainer, DivergenceIsSeen) {
  Dataset dataset = communities(90);
  dataset.features.dense(3, 4) = 1e30f;  // its square leaves fp32
  AdmmTrainerConfig config = small_config();
  config.augment.row_norm = RowNorm::none;
  config.augment.scale_hops = false;
  for (const Quantize quantize : {Quantize::none, Quantize::pq}) {
    config.admm.quantize = quantize;
    EXPECT_EQ(train(dataset, config, {2, 1}).result.ending, Ending::diverged);
  }
}

TEST(AdmmTrainer, RefusesWhatItCannotTrainOn) {
  Dataset dataset = communities(2);
  AdmmTrainerConfig config = small_config();
  config.node_ranks = 3;
  EXPECT_THAT(error_of<InputError>([&] { train(dataset, config, {3, 1}); }), HasSubstr("only 2 training nodes"));
  EXPECT_THAT(error_of<InputError>([&] { train(dataset, config, {4, 1}); }), HasSubstr("--node-ranks 3"));
  config.node_ranks = 1;
  dataset = communities(90);
  dataset.splits.front().train.clear();
  EXPECT_THAT(error_of<InputError>([&] { train(dataset, config, {2, 1}); }), HasSubstr("no training node"));
  dataset = communities(90);
  dataset.labels.task = Task::regression;
  dataset.labels.targets = Matrix(300, 3);
  dataset.labels.targets.fill(0.0f);
  EXPECT_THAT(error_of<InputError>([&] { train(dataset, config, {2, 1}); }), HasSubstr("classes"));
}

}  // namespace
}  // namespace tersegraph
