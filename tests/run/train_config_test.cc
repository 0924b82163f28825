#include "run/train_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "data/npz_files.h"
#include "run/config.h"

namespace tersegraph {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::FloatEq;
using ::testing::IsEmpty;

Labels three_classes() {
  Labels labels;
  labels.outputs = 3;
  labels.classes = {0, 0, 0, 1, 1, 1};
  return labels;
}

const Split kSplit = {{0, 1, 2, 3}, {4}, {5}};

TEST(ClassWeights, BalancedGivesEveryClassTheSameTotal) {
  // 4 training nodes, 3 classes: 4 / (3 * 3), 4 / (3 * 1), and a class without any.
  EXPECT_THAT(class_weights("balanced", three_classes(), kSplit),
              ElementsAre(FloatEq(4.0f / 9), FloatEq(4.0f / 3), 0.0f));
}

TEST(ClassWeights, NoneAndLists) {
  EXPECT_THAT(class_weights("none", three_classes(), kSplit), IsEmpty());
  EXPECT_THAT(class_weights("1,2.5,1e-2", three_classes(), kSplit), ElementsAre(1.0f, 2.5f, 0.01f));
}

TEST(ClassWeights, OtherWordsAreRefused) {
  for (const char* words : {"", "1,2", "1,2,3,4", "1,2,0", "1,,2", "1,2,", "even", "1,2,inf", "1,2,nan"}) {
    EXPECT_NE(error_of<InputError>([&] { class_weights(words, three_classes(), kSplit); }), "") << words;
  }
  Labels several = three_classes();
  several.task = Task::multilabel;
  EXPECT_NE(error_of<InputError>([&] { class_weights("balanced", several, kSplit); }), "");
}

TEST(TrainConfig, CarriesEveryWord) {
  RunConfig words;
  words.model = "sage";
  words.layers = 4;
  words.hidden = 32;
  words.dropout = 0.25;
  words.input_dropout = 0.125;
  words.norm = "layer";
  words.layer_order = "dropout-norm-relu";
  words.residual = true;
  words.aggregate_first = true;
  words.optimizer = "adagrad";
  words.weight_decay = 0.5;
  words.decay_first_layer_only = true;
  words.lr = 0.75;
  words.lr_schedule = "linear";
  words.loss = "bce";
  words.epochs = 11;
  words.eval_every = 3;
  words.patience = 7;
  words.seed = 9;
  words.exchange = "uniform";
  words.bits = 2;
  words.halo_rows = "cover";
  words.layer0_cache = false;
  words.reorder = "rcm";
  words.gather_bits = 16;
  words.reduce_bits = 8;
  const FullGraphConfig config = full_graph_config(words);
  EXPECT_EQ(config.model.kind, ModelKind::sage);
  EXPECT_EQ(config.model.layers, 4);
  EXPECT_EQ(config.model.hidden, 32);
  EXPECT_EQ(config.model.dropout, 0.25f);
  EXPECT_EQ(config.model.input_dropout, 0.125f);
  EXPECT_EQ(config.model.norm, NormKind::layer);
  EXPECT_EQ(config.model.order, ActivationOrder::dropout_norm_relu);
  EXPECT_TRUE(config.model.residual);
  EXPECT_TRUE(config.model.aggregate_first);
  EXPECT_EQ(config.model.gathered_bits, 16);
  EXPECT_EQ(config.reduce_bits, 8);
  EXPECT_EQ(config.optimizer.kind, OptimizerKind::adagrad);
  EXPECT_EQ(config.optimizer.weight_decay, 0.5);
  EXPECT_TRUE(config.decay_first_layer_only);
  EXPECT_EQ(config.learning_rate, 0.75);
  EXPECT_EQ(config.schedule, "linear");
  EXPECT_EQ(config.loss, LossKind::binary_cross_entropy);
  EXPECT_EQ(config.epochs, 11);
  EXPECT_EQ(config.eval_every, 3);
  EXPECT_EQ(config.patience, 7);
  EXPECT_EQ(config.seed, 9u);
  EXPECT_EQ(config.exchange.policy, ExchangePolicy::uniform);
  EXPECT_EQ(config.exchange.bits, 2);
  EXPECT_EQ(config.exchange.rows, RowChoice::cover);
  EXPECT_FALSE(config.layer0_cache);
  EXPECT_EQ(config.ordering, Ordering::rcm);
}

TEST(TrainConfig, PartialSumsTravelWhereTheyAreExact) {
  RunConfig words;
  EXPECT_EQ(full_graph_config(resolve(words)).exchange.rows, RowChoice::cover);
  words.halo_rows = "sources";
  EXPECT_EQ(full_graph_config(resolve(words)).exchange.rows, RowChoice::sources);
  words = {};
  words.exchange = "uniform";
  EXPECT_EQ(full_graph_config(resolve(words)).exchange.rows, RowChoice::sources);
  words.halo_rows = "cover";
  EXPECT_EQ(full_graph_config(resolve(words)).exchange.rows, RowChoice::cover);
}

TEST(TrainConfig, WordsOfAdaptiveWidths) {
  RunConfig words;
  words.exchange = "adaptive";
  words.widths = "0,2,6";
  words.assign_every = 7;
  words.budget = "bytes=0.08";
  words.link = "1gbit,50us";
  words.link_rounds = "ring";
  words.intra = "same";
  words.guard_every = 30;
  const ExchangeConfig exchange = full_graph_config(resolve(words)).exchange;
  EXPECT_EQ(exchange.policy, ExchangePolicy::adaptive);
  EXPECT_EQ(exchange.widths, (std::vector<int>{0, 2, 6}));
  EXPECT_EQ(exchange.halo_bits(), 6);
  EXPECT_EQ(exchange.assign_every, 7);
  EXPECT_EQ(exchange.goal.form, AssignerGoal::Form::bytes);
  EXPECT_EQ(exchange.goal.value, 0.08);
  EXPECT_EQ(exchange.link, "1gbit,50us");
  EXPECT_EQ(exchange.schedule, Lanes::Schedule::ring);
  EXPECT_EQ(exchange.intra, IntraHost::same);
  EXPECT_EQ(exchange.guard_every, 30);
  EXPECT_TRUE(exchange.overlap);
  words.overlap = false;
  EXPECT_FALSE(full_graph_config(resolve(words)).exchange.overlap);
}

TEST(TrainConfig, WordsOfStaleExchanges) {
  RunConfig words;
  words.exchange = "pipe";
  words.pipe_smoothing = 0.95;
  ExchangeConfig exchange = full_graph_config(resolve(words)).exchange;
  EXPECT_EQ(exchange.policy, ExchangePolicy::pipe);
  EXPECT_EQ(exchange.halo_bits(), 32);
  EXPECT_EQ(exchange.pipe_smoothing, 0.95);
  words.bits = 4;
  EXPECT_EQ(full_graph_config(resolve(words)).exchange.halo_bits(), 4);

  RunConfig others;
  others.exchange = "sancus";
  others.sancus_bound = 0.5;
  others.sancus_epochs = 8;
  exchange = full_graph_config(resolve(others)).exchange;
  EXPECT_EQ(exchange.policy, ExchangePolicy::sancus);
  EXPECT_EQ(exchange.halo_bits(), 32);
  EXPECT_EQ(exchange.sancus_bound, 0.5);
  EXPECT_EQ(exchange.sancus_epochs, 8);
}

// Open MPI's words for its ranks.
TEST(TrainConfig, FewBitsTravelByDefaultWhereRanksAreOnSeveralHosts) {
  const auto exchange = [](const char* ranks, const char* ranks_here, const char* chosen) {
    setenv("OMPI_COMM_WORLD_SIZE", ranks, 1);
    setenv("OMPI_COMM_WORLD_LOCAL_SIZE", ranks_here, 1);
    RunConfig words;
    words.exchange = chosen;
    words.out = "out";
    const std::string resolved = resolve(words).exchange;
    unsetenv("OMPI_COMM_WORLD_SIZE");
    unsetenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    return resolved;
  };
  EXPECT_EQ(exchange("4", "2", ""), "adaptive");
  EXPECT_EQ(exchange("4", "4", ""), "exact");
  EXPECT_EQ(exchange("4", "2", "exact"), "exact");
  EXPECT_EQ(exchange("1", "1", ""), "exact");
}

TEST(TrainConfig, WordsThatTheExchangeWouldIgnoreAreRefused) {
  const auto refused = [](auto&& change) {
    RunConfig words;
    change(words);
    EXPECT_THROW(full_graph_config(resolve(words)), InputError);
  };
  refused([](RunConfig& c) { c.widths = "2,8"; });
  refused([](RunConfig& c) { c.exchange = "random", c.budget = "slack"; });
  refused([](RunConfig& c) { c.exchange = "random", c.widths = "0,2"; });
  refused([](RunConfig& c) { c.exchange = "uniform", c.link = "1gbit"; });
  refused([](RunConfig& c) { c.exchange = "adaptive", c.bits = 4; });
  refused([](RunConfig& c) { c.exchange = "adaptive", c.budget = "bytes=0.1", c.lambda = 0.25; });
  refused([](RunConfig& c) { c.exchange = "adaptive", c.budget = "bytes=-1"; });
  refused([](RunConfig& c) { c.exchange = "adaptive", c.widths = "2,9"; });
  refused([](RunConfig& c) { c.exchange = "adaptive", c.link = "fast"; });
  refused([](RunConfig& c) { c.exchange = "random", c.guard_every = 10; });
  refused([](RunConfig& c) { c.exchange = "sancus", c.bits = 8; });
  refused([](RunConfig& c) { c.exchange = "sancus", c.intra = "same"; });
  refused([](RunConfig& c) { c.exchange = "sancus", c.overlap = false; });
  refused([](RunConfig& c) { c.exchange = "pipe", c.overlap = false; });
  refused([](RunConfig& c) { c.exchange = "pipe", c.widths = "2,8"; });
  refused([](RunConfig& c) { c.exchange = "uniform", c.pipe_smoothing = 0.5; });
  refused([](RunConfig& c) { c.exchange = "pipe", c.pipe_smoothing = 1; });
  refused([](RunConfig& c) { c.exchange = "pipe", c.sancus_bound = 0.5; });
  refused([](RunConfig& c) { c.exchange = "sancus", c.sancus_bound = -1; });
}

}  // namespace
}  // namespace tersegraph
