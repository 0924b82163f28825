#include "train/width_guard.h"

#include <gtest/gtest.h>

#include <cmath>

#include "train/interrupted.h"
#include "train/training.h"

namespace tersegraph {
namespace {

using testing::graph_of_600;
using testing::small_config;
using testing::train;
using testing::Trained;

FullGraphConfig guarded(std::vector<int> widths, int every) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.exchange.policy = ExchangePolicy::adaptive;
  config.exchange.widths = std::move(widths);
  config.exchange.assign_every = 8;
  config.exchange.guard_every = every;
  return config;
}

TEST(WidthGuard, ComparesTheGradientsOfAllRanks) {
  run_thread_ranks(2, 1, [](Communicator& communicator) {
    Channel channel(communicator);
    Parameters parameters;
    parameters.add("w", 1, 3);
    parameters.finalize();
    const std::span<float> gradients = parameters.gradients();
    // Over both ranks: g = (3, 4, 0), g~ = (3, 4, 1), g' = (3, 6, 0).
    const float part = communicator.rank() == 0 ? 1.0f : 2.0f;
    const auto set = [&](float a, float b, float c) { gradients[0] = a, gradients[1] = b, gradients[2] = c; };
    set(part, 2, part - 1);
    WidthGuard guard(parameters, channel);
    const WidthCheck check = guard.check([&](bool other) { set(part, other ? 3 : 2, 0); });
    EXPECT_NEAR(check.error, 1.0 / 5, 1e-6);
    EXPECT_NEAR(check.noise, 2.0 / (std::sqrt(2.0) * 5), 1e-6);
    EXPECT_EQ(gradients[0], part);
    EXPECT_EQ(gradients[1], 2);
    EXPECT_EQ(gradients[2], part - 1);
  });
}

TEST(WidthGuard, WhereItIsSilentTrainingIsTheSameBits) {
  const Trained with = train(graph_of_600(), guarded({4, 8}, 5), {.ranks = 3});
  const Trained without = train(graph_of_600(), guarded({4, 8}, 0), {.ranks = 3});
  EXPECT_EQ(with.losses(), without.losses());
  EXPECT_EQ(with.weights, without.weights);
  for (const EpochMetrics& epoch : with.epochs) {
    ASSERT_EQ(epoch.guard.empty(), epoch.epoch % 5 != 0) << epoch.epoch;
    if (epoch.guard.empty()) continue;
    EXPECT_EQ(epoch.guard.at("raised"), 0);
    EXPECT_EQ(epoch.guard.at("floor"), 4);
    EXPECT_GT(epoch.guard.at("error"), 0);
    EXPECT_LT(epoch.guard.at("error"), epoch.guard.at("noise"));
  }
  const size_t halo = 4;
  EXPECT_EQ(with.epochs[halo].bytes.at("halo_forward"), without.epochs[halo].bytes.at("halo_forward"));
  EXPECT_GT(with.epochs[halo].bytes.at("evaluation"), without.epochs[halo].bytes.at("evaluation"));
}

/// A budget that lets nearly every row be dropped.
TEST(WidthGuard, RaisesTheFloorForGood) {
  FullGraphConfig config = guarded({0, 1, 8}, 4);
  config.exchange.goal = {AssignerGoal::Form::bytes, 1e-3, {}};
  config.epochs = 24;
  const Trained trained = train(graph_of_600(), config, {.ranks = 3});
  EXPECT_LT(trained.epochs[2].mean_bits, 0.5);
  ASSERT_EQ(trained.epochs[3].guard.at("raised"), 1);
  EXPECT_EQ(trained.epochs[3].guard.at("floor"), 1);
  double floor = 0;
  for (const EpochMetrics& epoch : trained.epochs) {
    if (epoch.epoch > 1) {
      EXPECT_GE(epoch.mean_bits, floor) << epoch.epoch;
    }
    if (epoch.guard.empty()) continue;
    EXPECT_GE(epoch.guard.at("floor"), floor);
    floor = epoch.guard.at("floor");
  }
}

TEST(WidthGuard, ItsFloorIsInTheCheckpoint) {
  FullGraphConfig config = guarded({0, 1, 2, 4, 8}, 4);
  config.exchange.goal = {AssignerGoal::Form::bytes, 1e-3, {}};
  const auto run = [&](testing::Interruption how) {
    return testing::interrupted(3, how, [&](Channel& channel) {
      const Dataset& data = graph_of_600();
      return testing::make_trainer(data, make_partition(data.graph, 3, PartitionMethod::metis_cut, 1), config, channel);
    });
  };
  const testing::Outcome whole = run({});
  EXPECT_EQ(whole.epochs[3].guard.at("raised"), 1);
  for (const int64_t epoch : {3, 4, 9}) testing::expect_same(run({.after = epoch, .stopped = true}), whole);
}

}  // namespace
}  // namespace tersegraph
