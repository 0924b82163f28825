// Training with rows of earlier epochs (PipeGCN, SANCUS).
#include <gtest/gtest.h>

#include "train/training.h"

namespace tersegraph {
namespace {

using testing::graph_of_600;
using testing::small_config;
using testing::train;
using testing::Trained;

FullGraphConfig with(ExchangeConfig exchange) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.exchange = exchange;
  return config;
}

int64_t halo_bytes(const EpochMetrics& epoch) {
  return epoch.bytes.at("halo_forward") + epoch.bytes.at("halo_backward");
}

TEST(PipeTraining, WithConstantWeightsItIsExactBitForBit) {
  FullGraphConfig config = with({.policy = ExchangePolicy::pipe});
  config.learning_rate = 0;
  config.model.dropout = 0;
  const Trained pipe = train(graph_of_600(), config, {.ranks = 3});
  config.exchange = {};
  const Trained exact = train(graph_of_600(), config, {.ranks = 3});
  EXPECT_EQ(pipe.losses(), exact.losses());
  EXPECT_EQ(pipe.weights, exact.weights);
}

TEST(PipeTraining, TheFirstStepIsExactAndTheSecondIsNot) {
  const Trained pipe = train(graph_of_600(), with({.policy = ExchangePolicy::pipe}), {.ranks = 3});
  const Trained exact = train(graph_of_600(), with({}), {.ranks = 3});
  EXPECT_EQ(pipe.losses()[0], exact.losses()[0]);
  EXPECT_NE(pipe.losses()[1], exact.losses()[1]);
  // The second loss is of weights that the first, exact gradients gave, on rows of the first weights.
  EXPECT_EQ(*pipe.epochs[0].val_accuracy, *exact.epochs[0].val_accuracy);
}

TEST(PipeTraining, OnOneRankItIsExactBitForBit) {
  const Trained pipe = train(graph_of_600(), with({.policy = ExchangePolicy::pipe}));
  EXPECT_EQ(pipe.weights, train(graph_of_600(), with({})).weights);
}

TEST(SancusTraining, AtBoundZeroItIsExactBitForBit) {
  const Trained sancus = train(graph_of_600(), with({.policy = ExchangePolicy::sancus}), {.ranks = 3});
  const Trained exact = train(graph_of_600(), with({}), {.ranks = 3});
  EXPECT_EQ(sancus.losses(), exact.losses());
  EXPECT_EQ(sancus.weights, exact.weights);
}

TEST(SancusTraining, WithinTheBoundNothingButHeadersIsSent) {
  const ExchangeConfig never{.policy = ExchangePolicy::sancus, .sancus_bound = 1e6};
  const Trained sancus = train(graph_of_600(), with(never), {.ranks = 3});
  constexpr int64_t kExchanges = 4, kPairs = 6, kHeader = 16;  // layers 1 and 2, both ways
  EXPECT_GT(halo_bytes(sancus.epochs[0]), 100 * kExchanges * kPairs * kHeader);
  for (size_t t = 1; t < sancus.epochs.size(); ++t) {
    EXPECT_LE(halo_bytes(sancus.epochs[t]), kExchanges * kPairs * kHeader) << "epoch " << t + 1;
    EXPECT_EQ(sancus.epochs[t].mean_bits, 0.0);
  }
}

TEST(StaleTraining, LearnsAndRepeatsItselfOnAnyNumberOfThreads) {
  const ExchangeConfig methods[] = {{.policy = ExchangePolicy::pipe},
                                    {.policy = ExchangePolicy::pipe, .bits = 4, .pipe_smoothing = 0.5},
                                    {.policy = ExchangePolicy::sancus, .sancus_bound = 0.3, .sancus_epochs = 4}};
  FullGraphConfig config = with({});
  config.epochs = 40;
  const Trained exact = train(graph_of_600(), config, {.ranks = 3});
  for (const ExchangeConfig& method : methods) {
    config.exchange = method;
    const Trained once = train(graph_of_600(), config, {.ranks = 3});
    EXPECT_GE(*once.result.best.test_accuracy, *exact.result.best.test_accuracy - 0.05);
    EXPECT_NE(once.weights, exact.weights);
    EXPECT_EQ(once.weights, train(graph_of_600(), config, {.ranks = 3, .threads = 2}).weights);
  }
}

}  // namespace
}  // namespace tersegraph
