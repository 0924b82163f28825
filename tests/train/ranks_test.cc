// The same training on one rank and on several, on one thread and on two, with exact and with few bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>

#include "reference/random_graphs.h"
#include "train/training.h"

namespace tersegraph {
namespace {

using testing::graph_of_600;
using testing::small_config;
using testing::train;
using testing::Trained;

class Models : public ::testing::TestWithParam<ModelKind> {};
INSTANTIATE_TEST_SUITE_P(All, Models, ::testing::Values(ModelKind::gcn, ModelKind::sage));

TEST_P(Models, LossesOfSeveralRanksAreThoseOfOne) {
  for (const float input_dropout : {0.0f, 0.25f}) {
    FullGraphConfig config = small_config(GetParam());
    config.model.input_dropout = input_dropout;
    const Trained one = train(graph_of_600(), config);
    ASSERT_EQ(std::ssize(one.epochs), config.epochs);
    for (const int ranks : {2, 3, 4}) {
      const Trained several = train(graph_of_600(), config, {.ranks = ranks});
      ASSERT_EQ(several.epochs.size(), one.epochs.size());
      for (size_t k = 0; k < one.epochs.size(); ++k) {
        const double loss = one.epochs[k].train_loss;
        EXPECT_NEAR(several.epochs[k].train_loss, loss, 1e-4 * loss) << ranks << " ranks, epoch " << k + 1;
      }
      EXPECT_NEAR(*several.result.best.val_accuracy, *one.result.best.val_accuracy, 0.02);
    }
  }
}

TEST_P(Models, ClassesAreThoseOfTheLargestOutputs) {
  FullGraphConfig config = small_config(GetParam());
  for (const int ranks : {1, 3}) {
    config.gather_outputs = true;
    const TrainResult all = train(graph_of_600(), config, {.ranks = ranks}).result;
    config.gather_outputs = false;
    const TrainResult few = train(graph_of_600(), config, {.ranks = ranks}).result;
    EXPECT_TRUE(all.classes.empty());
    EXPECT_EQ(few.outputs.rows(), 0);
    ASSERT_EQ(std::ssize(few.classes), 600);
    for (int64_t v = 0; v < 600; ++v) {
      const float* const row = all.outputs.row(v);
      EXPECT_EQ(few.classes[v], std::max_element(row, row + all.outputs.cols()) - row) << "node " << v;
    }
  }
}

TEST_P(Models, LossesOfRanksThatShareHostsAreThoseOfOne) {
  FullGraphConfig config = small_config(GetParam());
  const Trained one = train(graph_of_600(), config);
  for (const RowChoice rows : {RowChoice::sources, RowChoice::cover}) {
    config.exchange.rows = rows;
    const Trained shared = train(graph_of_600(), config, {.ranks = 5, .threads = 2, .hosts = {0, 0, 1, 1, 0}});
    ASSERT_EQ(shared.epochs.size(), one.epochs.size());
    for (size_t k = 0; k < one.epochs.size(); ++k) {
      const double loss = one.epochs[k].train_loss;
      EXPECT_NEAR(shared.epochs[k].train_loss, loss, 1e-4 * loss) << "epoch " << k + 1;
    }
  }
}

TEST_P(Models, RanksThatShareHostsLearnFromFewBits) {
  FullGraphConfig config = small_config(GetParam());
  const Trained exact = train(graph_of_600(), config);
  config.exchange.link = "1gbit,50us";
  config.exchange.assign_every = 5;
  for (const ExchangePolicy policy : {ExchangePolicy::adaptive, ExchangePolicy::random, ExchangePolicy::sancus}) {
    config.exchange.policy = policy;
    const testing::Ranks how{.ranks = 4, .hosts = {0, 1, 0, 1}};
    const Trained few = train(graph_of_600(), config, how), again = train(graph_of_600(), config, how);
    EXPECT_EQ(few.weights, again.weights);
    EXPECT_NEAR(*few.result.best.val_accuracy, *exact.result.best.val_accuracy, 0.05);
  }
}

int64_t halo_bytes(const Trained& trained) {
  const auto& bytes = trained.result.bytes;
  return bytes.at("halo_forward") + bytes.at("halo_backward");
}

/// Summed over the ranks, of the first epoch.
std::vector<float> gradients(const Dataset& dataset, FullGraphConfig config, int ranks) {
  config.epochs = 1;
  std::vector<float> all;
  run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition partition = reference::random_parts(dataset.nodes(), ranks, 2);
    const std::unique_ptr<Trainer> trainer = testing::make_trainer(dataset, partition, config, channel);
    testing::Recorder recorder;
    trainer->train(recorder);
    const std::span<float> mine = trainer->parameters().gradients();
    if (channel.rank() == 0) all.assign(mine.begin(), mine.end());
  });
  return all;
}

double relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (size_t k = 0; k < b.size(); ++k) {
    difference += std::pow(static_cast<double>(a[k]) - b[k], 2);
    norm += std::pow(static_cast<double>(b[k]), 2);
  }
  return std::sqrt(difference / norm);
}

/// Training on few nodes, so that most rows are skipped, and on many; constant features, sent once, and others.
TEST_P(Models, PartialSumsGiveTheOutputsAndGradientsOfOneRank) {
  for (const int every : {1, 30}) {
    Dataset dataset = load_dataset("sbm:nodes=600,edges=1200,features=24,classes=5,seed=3");
    std::vector<int64_t>& train_nodes = dataset.splits[0].train;
    std::erase_if(train_nodes, [&](int64_t v) { return v % every != 0; });
    for (const float input_dropout : {0.0f, 0.25f}) {
      FullGraphConfig config = small_config(GetParam());
      config.model.input_dropout = input_dropout;
      const std::vector<float> one = gradients(dataset, config, 1);
      const Trained alone = train(dataset, config);
      config.exchange.rows = RowChoice::cover;
      for (const int ranks : {2, 5}) {
        EXPECT_LT(relative_difference(gradients(dataset, config, ranks), one), 1e-5) << ranks << " ranks";
      }
      const Trained several = train(dataset, config, {.ranks = 4});
      const Matrix &a = several.result.outputs, &b = alone.result.outputs;
      EXPECT_LT(relative_difference({a.data(), a.data() + a.size()}, {b.data(), b.data() + b.size()}), 1e-3)
          << "after 20 epochs, in which Adam takes differences of rounding for gradients";
      config.exchange.rows = RowChoice::sources;
      EXPECT_LT(halo_bytes(several), halo_bytes(train(dataset, config, {.ranks = 4})));
    }
  }
}

TEST_P(Models, ThreadsChangeNoBit) {
  for (const int ranks : {1, 2}) {
    for (const ExchangeConfig& exchange :
         {ExchangeConfig{}, ExchangeConfig{ExchangePolicy::uniform, 3},
          ExchangeConfig{.policy = ExchangePolicy::uniform, .bits = 3, .rows = RowChoice::cover}}) {
      FullGraphConfig config = small_config(GetParam());
      config.exchange = exchange;
      config.epochs = 8;
      const Trained one = train(graph_of_600(), config, {.ranks = ranks, .threads = 1});
      const Trained two = train(graph_of_600(), config, {.ranks = ranks, .threads = 2});
      EXPECT_EQ(one.losses(), two.losses());
      EXPECT_EQ(one.weights, two.weights);
      EXPECT_EQ(0, std::memcmp(one.result.outputs.data(), two.result.outputs.data(), one.result.outputs.bytes()));
    }
  }
}

TEST_P(Models, SumsOfGradientsAtFewBitsTrainAsWell) {
  FullGraphConfig config = small_config(GetParam());
  config.epochs = 60;
  const Trained exact = train(graph_of_600(), config, {.ranks = 3});
  for (const int bits : {16, 8}) {
    config.reduce_bits = bits;
    const Trained rounded = train(graph_of_600(), config, {.ranks = 3});
    EXPECT_EQ(rounded.weights, train(graph_of_600(), config, {.ranks = 3, .threads = 2}).weights);
    EXPECT_NE(rounded.weights, exact.weights);
    EXPECT_NEAR(rounded.epochs.back().train_loss, exact.epochs.back().train_loss, 0.05);
    EXPECT_GE(*rounded.result.best.test_accuracy, *exact.result.best.test_accuracy - 0.03);
    const double share = static_cast<double>(rounded.result.bytes.at("all_reduce")) /
                         static_cast<double>(exact.result.bytes.at("all_reduce"));
    EXPECT_LT(share, bits == 16 ? 0.6 : 0.4);  // the ranks' records of their epochs are counted too
  }
}

TEST_P(Models, SeedsDiffer) {
  FullGraphConfig config = small_config(GetParam());
  config.epochs = 3;
  const Trained one = train(graph_of_600(), config);
  EXPECT_EQ(one.weights, train(graph_of_600(), config).weights);
  ++config.seed;
  EXPECT_NE(one.weights, train(graph_of_600(), config).weights);
}

TEST_P(Models, TwoBitsTrainAsWellAndSendOneThirteenth) {
  FullGraphConfig config = small_config(GetParam());
  config.model.hidden = 256;
  config.model.aggregate_first = true;
  config.epochs = 30;
  const Trained exact = train(graph_of_600(), config, {.ranks = 2});
  config.exchange = {ExchangePolicy::uniform, 2};
  const Trained two_bits = train(graph_of_600(), config, {.ranks = 2});
  EXPECT_GE(*two_bits.result.best.test_accuracy, *exact.result.best.test_accuracy - 0.03);
  EXPECT_NEAR(two_bits.epochs.back().train_loss, exact.epochs.back().train_loss, 0.1);
  EXPECT_NE(two_bits.losses(), exact.losses());
  EXPECT_LE(13 * halo_bytes(two_bits), halo_bytes(exact));
  EXPECT_EQ(exact.result.mean_bits, 32.0);
  EXPECT_EQ(two_bits.result.mean_bits, 2.0);
  EXPECT_EQ(two_bits.epochs.back().mean_bits, 2.0);
}

TEST(FullGraph, BytesOfTheEpochsAddUpToThoseOfTheRun) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.eval_every = 5;
  const Trained trained = train(graph_of_600(), config, {.ranks = 3});
  int64_t forward = 0, first = 0, between = 0, total = 0;
  for (const EpochMetrics& epoch : trained.epochs) {
    const int64_t bytes = epoch.bytes.at("halo_forward");
    if (first == 0) first = bytes;
    EXPECT_EQ(bytes, first);
    EXPECT_EQ(epoch.bytes.contains("evaluation"), epoch.epoch % 5 == 0);
    forward += bytes;
  }
  EXPECT_EQ(trained.result.bytes.at("halo_forward"), forward);
  EXPECT_GT(trained.result.bytes.at("layer0"), 0) << "layer 0 is aggregated once";
  EXPECT_FALSE(trained.epochs[1].bytes.contains("layer0"));
  ASSERT_EQ(trained.result.bytes_between_ranks.size(), 3u);
  for (size_t p = 0; p < 3; ++p) {
    ASSERT_EQ(trained.result.bytes_between_ranks[p].size(), 3u);
    EXPECT_EQ(trained.result.bytes_between_ranks[p][p], 0);
    for (const int64_t bytes : trained.result.bytes_between_ranks[p]) between += bytes;
  }
  for (const auto& [kind, bytes] : trained.result.bytes) total += bytes;
  // The matrix is read before the last of the bookkeeping is sent.
  EXPECT_LE(between, total);
  EXPECT_GT(between, total - 10000);
}

TEST(FullGraph, OneRankSendsNothing) {
  const Trained trained = train(graph_of_600(), small_config(ModelKind::sage));
  for (const auto& [kind, bytes] : trained.result.bytes) EXPECT_EQ(bytes, 0) << kind;
}

}  // namespace
}  // namespace tersegraph
