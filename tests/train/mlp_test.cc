#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "reference/dense_matrix.h"
#include "reference/random_graphs.h"
#include "train/mlp_trainer.h"
#include "train/small_dataset.h"
#include "train/training.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::dense_of;
using testing::graph_of_600;
using testing::make_trainer;
using testing::small_dataset;
using testing::train;
using testing::Trained;

/// Two hidden layers of 32 with dropout, hops with scales, 20 epochs.
MlpConfig ordinary_config() {
  MlpConfig config;
  config.model = {.layers = 3, .hidden = 32, .dropout = 0.5f, .input_dropout = 0.2f};
  config.epochs = 20;
  config.seed = 11;
  return config;
}

TEST(Mlp, LossesOfSeveralRanksAreThoseOfOne) {
  const Trained one = train(graph_of_600(), ordinary_config());
  ASSERT_EQ(std::ssize(one.epochs), 20);
  EXPECT_LT(one.epochs.back().train_loss, one.epochs.front().train_loss);
  for (const int ranks : {2, 3, 4}) {
    const Trained several = train(graph_of_600(), ordinary_config(), {.ranks = ranks});
    ASSERT_EQ(several.epochs.size(), one.epochs.size());
    for (size_t k = 0; k < one.epochs.size(); ++k) {
      const double loss = one.epochs[k].train_loss;
      EXPECT_NEAR(several.epochs[k].train_loss, loss, 1e-5 * loss) << ranks << " ranks, epoch " << k + 1;
    }
    EXPECT_NEAR(*several.result.best.val_accuracy, *one.result.best.val_accuracy, 0.02);
    EXPECT_GT(several.result.bytes.at("all_reduce"), 0);
  }
}

TEST(Mlp, ThreadsChangeNoBit) {
  for (const int ranks : {1, 2}) {
    const Trained one = train(graph_of_600(), ordinary_config(), {.ranks = ranks, .threads = 1});
    const Trained two = train(graph_of_600(), ordinary_config(), {.ranks = ranks, .threads = 2});
    EXPECT_EQ(one.losses(), two.losses());
    EXPECT_EQ(one.weights, two.weights);
    EXPECT_EQ(0, std::memcmp(one.result.outputs.data(), two.result.outputs.data(), one.result.outputs.bytes()));
  }
}

TEST(Mlp, SparseFeaturesTrainAsDenseOnesDo) {
  MlpConfig config = ordinary_config();
  config.model.hidden = 5;
  const Trained dense = train(small_dataset(false), config), sparse = train(small_dataset(true), config);
  for (size_t k = 0; k < dense.epochs.size(); ++k) {
    EXPECT_NEAR(sparse.epochs[k].train_loss, dense.epochs[k].train_loss, 1e-5 * dense.epochs[k].train_loss);
  }
}

TEST(Mlp, RanksWithoutTrainingNodesTakePart) {
  const Partition whole{1, std::vector<int32_t>(600, 0)};
  Partition uneven{3, std::vector<int32_t>(600, 1)};
  for (const int64_t v : graph_of_600().splits[0].train) uneven.part_of[v] = static_cast<int32_t>(v % 2) * 2;
  std::vector<double> losses;
  for (const Partition* partition : {&whole, static_cast<const Partition*>(&uneven)}) {
    run_thread_ranks(partition->parts, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      testing::Recorder recorder;
      const TrainResult result = make_trainer(graph_of_600(), *partition, ordinary_config(), channel)->train(recorder);
      if (channel.rank() == 0) losses.push_back(result.last.train_loss);
    });
  }
  EXPECT_NEAR(losses.at(1), losses.at(0), 1e-5 * losses.at(0));
}

TEST(Mlp, GrowthKeepsWhatWasLearnt) {
  MlpConfig config = ordinary_config();
  config.model.input_dropout = 0.0f;
  config.model.layers = 2;
  config.epochs = 10;
  config.schedule = "step:every=10,factor=1e-9";
  const Trained shallow = train(graph_of_600(), config);
  config.stages = {2, 4, 7};
  config.stage_epochs = {10, 3, 2};
  config.eval_every = 0;
  const Trained grown = train(graph_of_600(), config, {.ranks = 2});
  ASSERT_EQ(std::ssize(grown.epochs), 15);
  EXPECT_EQ(grown.result.best.epoch, 15) << "best of the last stage";
  EXPECT_NEAR(grown.epochs[9].train_loss, shallow.epochs[9].train_loss, 1e-5);
  for (const int64_t epoch : {10, 13, 15}) EXPECT_TRUE(grown.epochs[epoch - 1].train_accuracy) << epoch;
  // The rate is next to nothing after the first stage, whose last epoch the best of the shallow run may not be.
  EXPECT_EQ(*grown.epochs[14].train_accuracy, *grown.epochs[9].train_accuracy);
  EXPECT_EQ(*grown.epochs[14].test_accuracy, *grown.epochs[9].test_accuracy);
}

TEST(Mlp, GrowthLearnsOn) {
  MlpConfig config = ordinary_config();
  config.model.dropout = config.model.input_dropout = 0.0f;
  config.stages = {2, 5};
  config.stage_epochs = {20, 20};
  const Trained trained = train(graph_of_600(), config);
  EXPECT_LT(trained.epochs[39].train_loss, 0.8 * trained.epochs[19].train_loss);
  EXPECT_LT(trained.epochs[20].train_loss, 1.01 * trained.epochs[19].train_loss) << "no step back at the growth";
}

TEST(Mlp, StoppedBeforeItHasGrownItLeavesTheWholeModel) {
  MlpConfig config = ordinary_config();
  config.stages = {2, 6};
  config.stage_epochs = {10, 10};
  run_thread_ranks(2, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition partition = reference::random_parts(600, 2, 1);
    const std::unique_ptr<Trainer> trainer = make_trainer(graph_of_600(), partition, config, channel);
    testing::Recorder recorder(5);
    const TrainResult result = trainer->train(recorder);
    EXPECT_EQ(result.ending, Ending::stopped);
    EXPECT_EQ(result.last.epoch, 5);
    EXPECT_EQ(trainer->parameters().count(), 12);
    EXPECT_LT(relative_error(dense_of(trainer->outputs()), dense_of(result.outputs)), 1e-5);
  });
}

TEST(Mlp, PatienceEndsAStageNotTheGrowth) {
  MlpConfig config = ordinary_config();
  config.learning_rate = 0.0;
  config.patience = 3;
  config.stages = {2, 3};
  config.stage_epochs = {10, 10};
  const Trained trained = train(graph_of_600(), config);
  EXPECT_EQ(trained.result.ending, Ending::patience);
  EXPECT_EQ(std::ssize(trained.epochs), 8);
  EXPECT_EQ(trained.result.best.epoch, 5);
}

// The scales shape the training; the weights that it leaves are for hops as they are.
TEST(Mlp, WeightsAreOfUnscaledHops) {
  MlpConfig config = ordinary_config();
  run_thread_ranks(2, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition partition = reference::random_parts(600, 2, 1);
    const std::unique_ptr<Trainer> trained = make_trainer(graph_of_600(), partition, config, channel);
    testing::Recorder recorder;
    const Dense outputs = dense_of(trained->train(recorder).outputs);
    EXPECT_LT(relative_error(dense_of(trained->outputs()), outputs), 1e-5);
    MlpConfig unscaled = config;
    unscaled.augment.scale_hops = false;
    const std::unique_ptr<Trainer> other = make_trainer(graph_of_600(), partition, unscaled, channel);
    other->parameters().restore_values(trained->parameters().values());
    EXPECT_LT(relative_error(dense_of(other->outputs()), outputs), 1e-5);
  });
}

TEST(Mlp, TheBestEpochIsTheOneThatIsKept) {
  MlpConfig config = ordinary_config();
  config.learning_rate = 0.05;
  config.epochs = 40;
  const Trained trained = train(graph_of_600(), config, {.ranks = 2});
  int64_t right = 0;
  for (const int64_t v : graph_of_600().splits[0].test) {
    const float* const row = trained.result.outputs.row(v);
    right += std::max_element(row, row + 5) - row == graph_of_600().labels.classes[v];
  }
  const auto count = static_cast<double>(graph_of_600().splits[0].test.size());
  EXPECT_DOUBLE_EQ(static_cast<double>(right) / count, *trained.result.best.test_accuracy);
  EXPECT_LT(trained.result.best.epoch, 40) << "best and last would be compared with each other";
}

TEST(Mlp, SaysWhenItDiverged) {
  MlpConfig config = ordinary_config();
  config.learning_rate = 1e30;
  config.stages = {2, 3};
  config.stage_epochs = {5, 5};
  EXPECT_EQ(train(graph_of_600(), config, {.ranks = 2}).result.ending, Ending::diverged);
}

TEST(Mlp, BadInputIsSaidOnEveryRank) {
  const auto fails = [](const MlpConfig& config, const Dataset& dataset, const char* words) {
    run_thread_ranks(2, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      const Partition partition = reference::random_parts(dataset.nodes(), 2, 1);
      try {
        testing::Recorder recorder;
        make_trainer(dataset, partition, config, channel)->train(recorder);
        ADD_FAILURE() << "no error: " << words;
      } catch (const InputError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr(words));
      }
    });
  };
  const auto with_stages = [](std::vector<int> stages, std::vector<int> epochs) {
    MlpConfig config = ordinary_config();
    config.stages = std::move(stages);
    config.stage_epochs = std::move(epochs);
    return config;
  };
  fails(with_stages({2, 5}, {1}), graph_of_600(), "one number of epochs a stage");
  fails(with_stages({1, 5}, {1, 1}), graph_of_600(), "ascend from 2");
  fails(with_stages({2, 5, 5}, {1, 1, 1}), graph_of_600(), "ascend from 2");
  fails(with_stages({2, 5}, {1, 0}), graph_of_600(), "at least one epoch");
  MlpConfig normed = with_stages({2, 5}, {1, 1}), loss = ordinary_config(), schedule = ordinary_config();
  normed.model.norm = NormKind::layer;
  fails(normed, graph_of_600(), "norms and residual");
  loss.loss = LossKind::squared_error;
  fails(loss, graph_of_600(), "--loss ce");
  schedule.schedule = "sometimes";
  fails(schedule, graph_of_600(), "sometimes");
  Dataset untrained = load_dataset("sbm:nodes=100,edges=400,features=8,classes=2,seed=1");
  untrained.splits[0].train.clear();
  fails(ordinary_config(), untrained, "no training nodes");
}

TEST(Mlp, PredictsWithoutTrainingNodes) {
  Dataset dataset = load_dataset("sbm:nodes=100,edges=400,features=8,classes=2,seed=1");
  MlpConfig config = ordinary_config();
  config.augment.scale_hops = false;
  const Partition whole{1, std::vector<int32_t>(100, 0)};
  const auto outputs = [&] {
    Matrix all;
    run_thread_ranks(1, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      all = make_trainer(dataset, whole, config, channel)->outputs();
    });
    return dense_of(all);
  };
  const Dense with = outputs();
  dataset.splits[0] = {};
  EXPECT_EQ(relative_error(outputs(), with), 0.0);
}

}  // namespace
}  // namespace tersegraph
