// Training with a bit-width for each message.
#include <gtest/gtest.h>

#include "train/training.h"

namespace tersegraph {
namespace {

using testing::graph_of_600;
using testing::small_config;
using testing::train;
using testing::Trained;

FullGraphConfig adaptive_config(std::vector<int> widths, AssignerGoal goal = {}) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.exchange.policy = ExchangePolicy::adaptive;
  config.exchange.widths = std::move(widths);
  config.exchange.goal = std::move(goal);
  config.exchange.assign_every = 8;
  return config;
}

TEST(AdaptiveTraining, OneWidthIsUniformBitForBit) {
  FullGraphConfig uniform = small_config(ModelKind::gcn);
  uniform.exchange = {ExchangePolicy::uniform, 8};
  const Trained expected = train(graph_of_600(), uniform, {.ranks = 3});
  const Trained adapted = train(graph_of_600(), adaptive_config({8}), {.ranks = 3});
  EXPECT_EQ(adapted.losses(), expected.losses());
  EXPECT_EQ(adapted.weights, expected.weights);
  EXPECT_EQ(adapted.result.mean_bits, 8.0);
}

TEST(AdaptiveTraining, RepeatsItselfOnAnyNumberOfThreads) {
  for (const ExchangePolicy policy : {ExchangePolicy::adaptive, ExchangePolicy::random}) {
    FullGraphConfig config = adaptive_config({2, 4, 8});
    config.exchange.policy = policy;
    const Trained once = train(graph_of_600(), config, {.ranks = 3});
    EXPECT_EQ(once.weights, train(graph_of_600(), config, {.ranks = 3}).weights);
    EXPECT_EQ(once.weights, train(graph_of_600(), config, {.ranks = 3, .threads = 2}).weights);
  }
}

TEST(AdaptiveTraining, FourRanksWithinABudgetTrainAsWellAsExactly) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.model.hidden = 128;
  config.epochs = 40;
  const Trained exact = train(graph_of_600(), config, {.ranks = 4});
  const FullGraphConfig adaptive = adaptive_config({2, 4, 8}, {AssignerGoal::Form::bytes, 0.1, {}});
  config.exchange = adaptive.exchange;
  const Trained adapted = train(graph_of_600(), config, {.ranks = 4});
  EXPECT_GE(*adapted.result.best.test_accuracy, *exact.result.best.test_accuracy - 0.03);
  EXPECT_NEAR(adapted.epochs.back().train_loss, exact.epochs.back().train_loss, 0.1);

  const auto halo_bytes = [](const EpochMetrics& epoch) {
    return static_cast<double>(epoch.bytes.at("halo_forward") + epoch.bytes.at("halo_backward"));
  };
  for (size_t k = 1; k < adapted.epochs.size(); ++k) {
    EXPECT_LE(halo_bytes(adapted.epochs[k]), 0.1 * halo_bytes(exact.epochs[k])) << "epoch " << k + 1;
  }
  const EpochMetrics& last = adapted.epochs.back();
  ASSERT_EQ(last.bits.size(), 4u) << "layers 1 and 2, forward and backward";
  for (const auto& [exchange, bits] : last.bits) {
    EXPECT_GE(bits, 2.0) << exchange;
    EXPECT_LE(bits, 8.0) << exchange;
  }
  ASSERT_TRUE(last.width_error.has_value());
  EXPECT_GT(*last.width_error, 0.0);
  EXPECT_LT(*last.width_error, 1.0);
}

}  // namespace
}  // namespace tersegraph
