#include "train/full_graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "train/training.h"

namespace tersegraph {
namespace {

using testing::small_config;
using testing::train;
using testing::Trained;

const Dataset& easy() {
  static const Dataset dataset = load_dataset("sbm:nodes=500,edges=4000,features=16,classes=4,seed=5,homophily=0.8");
  return dataset;
}

/// The weights that such a run leaves are those of its last epoch.
const Dataset& without_validation() {
  static const Dataset dataset = load_dataset("sbm:nodes=200,edges=1000,features=8,classes=3,seed=1,split=0.6/0/0.4");
  return dataset;
}

double measured_accuracy(const Matrix& outputs, const Labels& labels, const std::vector<int64_t>& nodes) {
  int64_t right = 0;
  for (const int64_t v : nodes) {
    const float* const row = outputs.row(v);
    right += std::max_element(row, row + outputs.cols()) - row == labels.classes[v];
  }
  return static_cast<double>(right) / static_cast<double>(nodes.size());
}

TEST(FullGraph, LearnsWhatATrivialClassifierCannot) {
  for (const ModelKind kind : {ModelKind::gcn, ModelKind::sage}) {
    FullGraphConfig config = small_config(kind);
    config.epochs = 60;
    const Trained trained = train(easy(), config);
    EXPECT_EQ(trained.result.ending, Ending::finished);
    EXPECT_LT(trained.epochs.back().train_loss, 0.5 * trained.epochs.front().train_loss);
    // The most frequent of four classes reaches some 0.3.
    EXPECT_GT(*trained.result.best.test_accuracy, 0.8);
    EXPECT_EQ(std::ssize(trained.result.epoch_seconds), 60);
    EXPECT_GT(trained.result.peak_rss_bytes, 1 << 20);
  }
}

TEST(FullGraph, TheBestEpochIsTheOneThatIsKept) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.learning_rate = 0.05;
  config.epochs = 40;
  for (const int ranks : {1, 3}) {
    const Trained trained = train(easy(), config, {.ranks = ranks});
    const EpochMetrics& best = trained.result.best;
    const auto first_best =
        std::max_element(trained.epochs.begin(), trained.epochs.end(),
                         [](const auto& a, const auto& b) { return *a.val_accuracy < *b.val_accuracy; });
    EXPECT_EQ(best.epoch, first_best->epoch);
    EXPECT_LT(best.epoch, 40) << "best and last would be compared with each other";
    EXPECT_EQ(trained.result.last.epoch, 40);
    const Split& split = easy().splits[0];
    ASSERT_EQ(trained.result.outputs.rows(), easy().nodes());
    EXPECT_DOUBLE_EQ(measured_accuracy(trained.result.outputs, easy().labels, split.train), *best.train_accuracy);
    EXPECT_DOUBLE_EQ(measured_accuracy(trained.result.outputs, easy().labels, split.val), *best.val_accuracy);
    EXPECT_DOUBLE_EQ(measured_accuracy(trained.result.outputs, easy().labels, split.test), *best.test_accuracy);
  }
}

TEST(FullGraph, OutputsAfterwardsAreThoseOfTheBestWeights) {
  run_thread_ranks(2, 1, [](Communicator& communicator) {
    Channel channel(communicator);
    FullGraphConfig config = small_config(ModelKind::sage);
    config.learning_rate = 0.05;
    const Csr matrix = aggregation_operator(easy().graph, config.normalisation());
    const Partition partition = make_partition(easy().graph, 2, PartitionMethod::random, 1);
    FullGraphTrainer trainer(easy(), matrix, easy().splits[0], partition, config, channel);
    testing::Recorder recorder;
    const TrainResult result = trainer.train(recorder);
    EXPECT_EQ(recorder.epochs.empty(), channel.rank() != 0) << "rank 0 alone speaks";
    const Matrix outputs = trainer.outputs();
    ASSERT_EQ(outputs.size(), result.outputs.size());
    EXPECT_EQ(outputs.empty(), channel.rank() != 0);
    EXPECT_TRUE(std::equal(outputs.data(), outputs.data() + outputs.size(), result.outputs.data()));
  });
}

TEST(FullGraph, WithoutValidationNodesTheLastEpochIsKept) {
  const Trained trained = train(without_validation(), small_config(ModelKind::gcn));
  EXPECT_EQ(trained.result.best.epoch, 20);
  EXPECT_FALSE(trained.result.best.val_accuracy.has_value());
  EXPECT_TRUE(trained.result.best.test_accuracy.has_value());
}

TEST(FullGraph, PatienceEndsARunThatDoesNotImprove) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.learning_rate = 0.0;
  config.patience = 5;
  const Trained trained = train(easy(), config, {.ranks = 2});
  EXPECT_EQ(trained.result.ending, Ending::patience);
  EXPECT_EQ(trained.result.best.epoch, 1);
  EXPECT_EQ(std::ssize(trained.epochs), 6);
}

TEST(FullGraph, PatienceCountsEpochsNotEvaluations) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.learning_rate = 0.0;
  config.patience = 5;
  config.eval_every = 3;
  const Trained trained = train(easy(), config);
  EXPECT_EQ(trained.result.best.epoch, 3);
  EXPECT_EQ(trained.result.last.epoch, 8);
}

TEST(FullGraph, EvaluatesWhenItIsDueAndAtTheEnd) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  for (const int every : {0, 1, 7}) {
    config.eval_every = every;
    for (const EpochMetrics& epoch : train(easy(), config).epochs) {
      const bool due = epoch.epoch == 20 || (every > 0 && epoch.epoch % every == 0);
      EXPECT_EQ(epoch.train_accuracy.has_value(), due) << epoch.epoch;
      EXPECT_EQ(epoch.test_accuracy.has_value(), due);
      EXPECT_EQ(epoch.scores.contains("val_macro_f1"), due);
    }
  }
}

TEST(FullGraph, EvaluationLeavesNoTraceInTheTraining) {
  FullGraphConfig config = small_config(ModelKind::sage);
  const Trained often = train(easy(), config, {.ranks = 2});
  config.eval_every = 0;
  EXPECT_EQ(train(easy(), config, {.ranks = 2}).losses(), often.losses());
}

TEST(FullGraph, StopsWhereTheObserverAsks) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.eval_every = 0;
  const Trained trained = train(easy(), config, {.ranks = 3, .stop_after = 4});
  EXPECT_EQ(trained.result.ending, Ending::stopped);
  EXPECT_EQ(std::ssize(trained.epochs), 4);
  EXPECT_EQ(trained.result.best.epoch, 4);
  EXPECT_TRUE(trained.result.last.val_accuracy.has_value()) << "what was trained so far is evaluated";
}

TEST(FullGraph, LearningRateFollowsTheSchedule) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.learning_rate = 0.02;
  const auto rates = [&](const char* schedule) {
    config.schedule = schedule;
    std::vector<double> all;
    for (const EpochMetrics& epoch : train(easy(), config).epochs) all.push_back(epoch.learning_rate);
    return all;
  };
  const std::vector<double> linear = rates("linear"), step = rates("step:every=8,factor=0.5"), cosine = rates("cosine");
  for (int k = 0; k < 20; ++k) {
    EXPECT_DOUBLE_EQ(linear[k], 0.02 * (1 - k / 20.0));
    EXPECT_DOUBLE_EQ(step[k], 0.02 * std::pow(0.5, k / 8));
    EXPECT_NEAR(cosine[k], 0.02 * (1 + std::cos(M_PI * k / 20.0)) / 2, 1e-12);
  }
  config.schedule = "sometimes";
  EXPECT_THROW(train(easy(), config), InputError);
}

/// A rate of next to nothing from the second epoch on: what is learnt in the first stays.
TEST(FullGraph, TheScheduleReachesTheOptimizer) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.epochs = 1;
  const std::vector<float> one_epoch = train(without_validation(), config).weights;
  config.epochs = 5;
  const auto largest_change = [&](const char* schedule) {
    config.schedule = schedule;
    const std::vector<float> weights = train(without_validation(), config).weights;
    float largest = 0.0f;
    for (size_t k = 0; k < weights.size(); ++k) largest = std::max(largest, std::abs(weights[k] - one_epoch[k]));
    return largest;
  };
  EXPECT_LT(largest_change("step:every=1,factor=1e-9"), 1e-7f);
  EXPECT_GT(largest_change("constant"), 1e-3f);
}

TEST(FullGraph, SaysWhenItDiverged) {
  FullGraphConfig config = small_config(ModelKind::sage);
  config.model.norm = NormKind::none;
  config.learning_rate = 1e30;
  for (const int ranks : {1, 2}) {
    const Trained trained = train(easy(), config, {.ranks = ranks});
    EXPECT_EQ(trained.result.ending, Ending::diverged);
    EXPECT_LT(std::ssize(trained.epochs), 20);
    EXPECT_FALSE(std::isfinite(trained.result.last.train_loss));
    EXPECT_LT(trained.result.best.epoch, trained.result.last.epoch);
  }
  config.exchange = {ExchangePolicy::uniform, 4};
  EXPECT_EQ(train(easy(), config, {.ranks = 2}).result.ending, Ending::diverged) << "few bits must not hide it";
}

/// Without training nodes, as where a model meets data that nobody has labelled.
TEST(FullGraph, PredictsWithoutTrainingNodes) {
  Dataset dataset = load_dataset("sbm:nodes=200,edges=1000,features=8,classes=3,seed=1");
  const auto first_outputs = [&](bool trains) {
    Matrix outputs;
    run_thread_ranks(2, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      const Partition partition = make_partition(dataset.graph, 2, PartitionMethod::block, 1);
      const auto trainer = testing::make_trainer(dataset, partition, small_config(ModelKind::gcn), channel);
      Matrix mine = trainer->outputs();
      if (channel.rank() == 0) outputs = std::move(mine);
      Observer nobody;
      if (trains) return;
      EXPECT_THROW(trainer->train(nobody), InputError);
    });
    return outputs;
  };
  const Matrix with = first_outputs(true);
  dataset.splits[0] = {};
  const Matrix without = first_outputs(false);
  ASSERT_EQ(without.size(), with.size());
  // Rows that training needs stand first, and sums over them go in another order.
  for (int64_t k = 0; k < with.size(); ++k) ASSERT_NEAR(with.data()[k], without.data()[k], 1e-5);
}

/// Thread ranks would wait for ever for one that left alone.
TEST(FullGraph, BadInputIsSaidOnEveryRank) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.class_weights = {1.0f};
  run_thread_ranks(3, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    Partition partition = make_partition(easy().graph, 3, PartitionMethod::block, 1);
    EXPECT_THROW(testing::make_trainer(easy(), partition, config, channel), InputError);
    for (int32_t& part : partition.part_of) part = std::min(part, 1);  // nothing is left for rank 2
    EXPECT_THROW(testing::make_trainer(easy(), partition, small_config(ModelKind::gcn), channel), InputError);
  });
}

TEST(FullGraph, WeightDecayOfTheFirstLayerAloneShrinksThatLayer) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.optimizer.kind = OptimizerKind::sgd;
  config.optimizer.weight_decay = 0.5;
  config.learning_rate = 0.1;
  config.eval_every = 0;
  const auto norms = [&](bool first_only) {
    config.decay_first_layer_only = first_only;
    std::vector<double> squares;
    run_thread_ranks(1, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      const Csr matrix = aggregation_operator(easy().graph, config.normalisation());
      const Partition whole = make_partition(easy().graph, 1, PartitionMethod::block, 1);
      FullGraphTrainer trainer(easy(), matrix, easy().splits[0], whole, config, channel);
      testing::Recorder recorder;
      trainer.train(recorder);
      for (const char* name : {"layers.0.weight", "layers.1.weight"}) {
        const MatrixView w = trainer.parameters().value(trainer.parameters().find(name));
        double sum = 0.0;
        for (int64_t k = 0; k < w.size(); ++k) sum += w.data[k] * w.data[k];
        squares.push_back(sum);
      }
    });
    return squares;
  };
  const std::vector<double> all = norms(false), first = norms(true);
  EXPECT_NEAR(all[0], first[0], 0.3 * first[0]);
  EXPECT_LT(2 * all[1], first[1]);
}

}  // namespace
}  // namespace tersegraph
