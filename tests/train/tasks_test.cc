// Training on each kind of labels, and the loss against its formula.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "comm/collectives.h"
#include "data/rank_data.h"
#include "reference/dense_gnn.h"
#include "reference/random_graphs.h"
#include "train/local_targets.h"
#include "train/training.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::dense_of;
using testing::small_config;
using testing::train;
using testing::Trained;

Dataset eight_classes() {
  return load_dataset("sbm:nodes=500,edges=5000,features=24,classes=8,seed=5,homophily=0.8");
}

/// The three binary digits of the class.
Dataset digits() {
  Dataset dataset = eight_classes();
  dataset.labels.task = Task::multilabel;
  dataset.labels.outputs = 3;
  dataset.labels.targets.reshape(dataset.nodes(), 3);
  for (int64_t i = 0; i < dataset.nodes(); ++i) {
    for (int digit = 0; digit < 3; ++digit) {
      dataset.labels.targets(i, digit) = static_cast<float>(dataset.labels.classes[i] >> digit & 1);
    }
  }
  dataset.labels.classes.clear();
  return dataset;
}

/// Two curves over the class, with a little noise; some nodes outside the split have no target.
Dataset numbers() {
  Dataset dataset = eight_classes();
  Random random = reference::numbers(3);
  dataset.labels.task = Task::regression;
  dataset.labels.outputs = 2;
  dataset.labels.targets.reshape(dataset.nodes(), 2);
  for (int64_t i = 0; i < dataset.nodes(); ++i) {
    const double c = dataset.labels.classes[i] / 7.0;
    dataset.labels.targets(i, 0) = static_cast<float>(c + 0.05 * random.normal());
    dataset.labels.targets(i, 1) = static_cast<float>(std::cos(3 * c) + 0.05 * random.normal());
  }
  dataset.labels.classes.clear();
  std::vector<int64_t>& test = dataset.splits[0].test;
  for (int k = 0; k < 20; ++k, test.pop_back()) dataset.labels.targets(test.back(), 0) = NAN;
  return dataset;
}

TEST(Tasks, SeveralLabelsANode) {
  const Dataset dataset = digits();
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.epochs = 80;
  const Trained one = train(dataset, config), three = train(dataset, config, {.ranks = 3});
  EXPECT_LT(one.epochs.back().train_loss, 0.6 * one.epochs.front().train_loss);
  EXPECT_GT(*one.result.best.test_accuracy, 0.85) << "micro-F1";
  for (const char* score : {"train_macro_f1", "test_macro_f1", "val_roc_auc"}) {
    ASSERT_TRUE(one.result.best.scores.contains(score)) << score;
    EXPECT_GT(one.result.best.scores.at(score), 0.85) << score;
  }
  EXPECT_NEAR(three.epochs[19].train_loss, one.epochs[19].train_loss, 1e-4 * one.epochs[19].train_loss);
}

TEST(Tasks, Regression) {
  const Dataset dataset = numbers();
  FullGraphConfig config = small_config(ModelKind::sage);
  config.model.dropout = 0.1f;
  config.epochs = 80;
  const Trained one = train(dataset, config), three = train(dataset, config, {.ranks = 3});
  EXPECT_LT(one.epochs.back().train_loss, 0.2 * one.epochs.front().train_loss);
  EXPECT_GT(*one.result.best.test_accuracy, 0.6) << "R^2";
  EXPECT_LT(one.result.best.scores.at("test_mse"), 0.1);
  EXPECT_FALSE(one.result.best.scores.contains("test_roc_auc"));
  EXPECT_NEAR(three.epochs[19].train_loss, one.epochs[19].train_loss, 1e-4 * one.epochs[19].train_loss);
}

/// One class in twelve: unweighted training neglects it.
Dataset lopsided_classes() {
  Dataset dataset = load_dataset("sbm:nodes=600,edges=3000,features=8,classes=12,seed=2,homophily=0.4,separation=0.3");
  for (int32_t& c : dataset.labels.classes) c = c == 0 ? 0 : 1;
  dataset.labels.outputs = 2;
  return dataset;
}

int64_t predicted_rare(const Trained& trained) {
  int64_t rare = 0;
  for (int64_t v = 0; v < trained.result.outputs.rows(); ++v) {
    rare += trained.result.outputs(v, 0) > trained.result.outputs(v, 1);
  }
  return rare;
}

TEST(Tasks, ClassWeightsShiftTheDecision) {
  const Dataset dataset = lopsided_classes();
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.eval_every = 0;
  const Trained plain = train(dataset, config);
  config.class_weights = {12.0f, 1.0f};
  const Trained weighted = train(dataset, config, {.ranks = 2});
  EXPECT_GT(predicted_rare(weighted), predicted_rare(plain) + 60);
  EXPECT_TRUE(weighted.result.best.scores.contains("test_roc_auc")) << "two classes have a ROC curve";
}

struct LossOfRanks {
  double loss = 0.0;
  Matrix gradient;
};

/// The loss and its gradient for given outputs, over ranks.
LossOfRanks loss_of(const Labels& labels, const Split& split, const Matrix& outputs, LossKind kind,
                    const std::vector<float>& weights, int ranks) {
  const int64_t nodes = outputs.rows();
  const Graph graph = reference::random_graph(nodes, 2 * nodes, false, false, 0, 1);
  const Csr matrix = aggregation_operator(graph, Normalisation::mean);
  const Partition partition = reference::random_parts(nodes, ranks, 2);
  LossOfRanks result{0.0, Matrix(nodes, outputs.cols())};
  run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Shard shard = build_shard(matrix, partition, channel.rank(), Ordering::none, 0);
    const LocalTargets targets = make_local_targets(take_rows(labels, shard.owned), split, shard);
    const TrainingLoss loss(kind, weights, targets, channel);
    Matrix mine(shard.owned_count(), outputs.cols()), gradient(shard.owned_count(), outputs.cols());
    for (int64_t i = 0; i < mine.rows(); ++i) std::copy_n(outputs.row(shard.owned[i]), mine.cols(), mine.row(i));
    double part = loss(mine, gradient);
    all_reduce_sum(channel, Traffic::all_reduce, std::span(&part, 1));
    for (int64_t i = 0; i < mine.rows(); ++i) {
      std::copy_n(gradient.row(i), mine.cols(), result.gradient.row(shard.owned[i]));
    }
    if (channel.rank() == 0) result.loss = part;
  });
  return result;
}

/// The gradient of a loss of outputs, by differences.
template <class Loss>
Dense gradient_of(const Matrix& outputs, const Loss& loss) {
  const auto of_tensors = [&](const reference::Tensors& t) { return loss(t.at("outputs")); };
  return reference::numerical_gradients({{"outputs", dense_of(outputs)}}, of_tensors).at("outputs");
}

constexpr int64_t kNodes = 30;

Split some_nodes() {
  Split split;
  for (int64_t v = 0; v < kNodes; ++v) {
    if (v % 3 != 1) split.train.push_back(v);
  }
  return split;
}

Labels labels_of(Task task, int64_t outputs) {
  Labels labels;
  labels.task = task;
  labels.outputs = outputs;
  return labels;
}

TEST(TrainingLoss, IsTheMeanOfTheFormulas) {
  const Split split = some_nodes();
  const Matrix outputs = reference::random_matrix(kNodes, 4, 5);
  Labels classes = labels_of(Task::multiclass, 4), labels = labels_of(Task::multilabel, 4),
         numbers = labels_of(Task::regression, 4);
  labels.targets.reshape(kNodes, 4);
  numbers.targets = reference::random_matrix(kNodes, 4, 6);
  for (int64_t v = 0; v < kNodes; ++v) {
    classes.classes.push_back(v % 3 == 1 ? -1 : static_cast<int32_t>(v * v % 4));
    for (int64_t c = 0; c < 4; ++c) labels.targets(v, c) = static_cast<float>((v + c * c) % 5 < 2);
  }
  const auto check = [&](const Labels& truth, const std::vector<float>& weights, const auto& formula) {
    for (const int ranks : {1, 3}) {
      const LossOfRanks result = loss_of(truth, split, outputs, LossKind::automatic, weights, ranks);
      EXPECT_NEAR(result.loss, formula(dense_of(outputs)), 1e-6 * result.loss);
      EXPECT_LT(relative_error(dense_of(result.gradient), gradient_of(outputs, formula)), 1e-5);
    }
  };
  for (const std::vector<float>& weights : {std::vector<float>{}, std::vector<float>{1.0f, 5.0f, 0.5f, 2.0f}}) {
    check(classes, weights,
          [&](const Dense& y) { return reference::mean_cross_entropy(y, classes.classes, split.train, weights); });
  }
  check(labels, {},
        [&](const Dense& y) { return reference::mean_binary_cross_entropy(y, dense_of(labels.targets), split.train); });
  check(numbers, {},
        [&](const Dense& y) { return reference::mean_squared_error(y, dense_of(numbers.targets), split.train); });
}

TEST(TrainingLoss, MismatchesAreSaid) {
  const Split split = some_nodes();
  const Matrix outputs = reference::random_matrix(kNodes, 2, 5);
  Labels classes = labels_of(Task::multiclass, 2), numbers = labels_of(Task::regression, 2);
  classes.classes.assign(kNodes, 1);
  numbers.targets = reference::random_matrix(kNodes, 2, 6);
  const auto fails = [&](const Labels& labels, LossKind kind, const std::vector<float>& weights) {
    EXPECT_THROW(loss_of(labels, split, outputs, kind, weights, 2), InputError);
  };
  fails(classes, LossKind::binary_cross_entropy, {});
  fails(classes, LossKind::squared_error, {});
  fails(numbers, LossKind::cross_entropy, {});
  fails(numbers, LossKind::binary_cross_entropy, {});
  fails(classes, LossKind::automatic, {1.0f});
  fails(classes, LossKind::automatic, {1.0f, 0.0f});
  EXPECT_THROW(loss_of(classes, {}, outputs, LossKind::automatic, {}, 2), InputError);
}

}  // namespace
}  // namespace tersegraph
