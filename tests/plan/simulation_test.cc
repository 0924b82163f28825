#include "plan/simulation.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>

namespace tersegraph {
namespace {

std::vector<int> one_a_host(int ranks) {
  std::vector<int> hosts(ranks);
  std::iota(hosts.begin(), hosts.end(), 0);
  return hosts;
}

ExchangeStage even_stage(int ranks, double before, double hidden, double bytes) {
  const auto count = static_cast<size_t>(ranks);
  ExchangeStage stage{std::vector<double>(count, before), std::vector<double>(count, hidden),
                      std::vector<double>(count * count, bytes)};
  for (size_t r = 0; r < count; ++r) stage.bytes[r * count + r] = 0;
  return stage;
}

constexpr Link kLink{1e-6, 1e-3};

TEST(Simulation, ComputationAloneAddsUp) {
  std::vector<ExchangeStage> stages = {even_stage(3, 1, 2, 0), even_stage(3, 4, 0, 0)};
  stages[1].before[1] = 10;
  const SimulatedEpoch epoch = simulate_epoch(stages, LinkModel::uniform(3, kLink), one_a_host(3));
  EXPECT_DOUBLE_EQ(epoch.seconds, 13);
  EXPECT_EQ(epoch.exposed, std::vector<double>(3, 0.0));
}

TEST(Simulation, ALinkThatIsSaturatedTakesWhatItsBytesTake) {
  ExchangeStage stage = even_stage(3, 0, 0, 0);
  stage.bytes[0 * 3 + 2] = 5000, stage.bytes[1 * 3 + 2] = 7000;  // both into host 2
  const SimulatedEpoch epoch = simulate_epoch(std::vector{stage}, LinkModel::uniform(3, kLink), one_a_host(3));
  EXPECT_DOUBLE_EQ(epoch.seconds, 12000 * kLink.theta + 2 * kLink.gamma);
  EXPECT_DOUBLE_EQ(epoch.exposed[2], epoch.seconds);
  EXPECT_DOUBLE_EQ(epoch.exposed[0], 0);
}

TEST(Simulation, WaysOutAndInWorkAtTheSameTime) {
  for (const int ranks : {2, 5, 16}) {
    const ExchangeStage stage = even_stage(ranks, 0, 0, 3000);
    const LinkModel links = LinkModel::uniform(ranks, kLink);
    const std::vector<LinkLoad> loads(static_cast<size_t>(ranks) * ranks, {3000, 1});
    const SimulatedEpoch epoch = simulate_epoch(std::vector{stage}, links, one_a_host(ranks));
    EXPECT_NEAR(epoch.seconds, all_at_once_seconds(links, loads), 1e-12) << ranks;
  }
}

TEST(Simulation, ComputationHidesMessagesAsLongAsItLasts) {
  const double wire = 4000 * kLink.theta + kLink.gamma;
  for (const double hidden : {0.0, 0.5 * wire, 2 * wire}) {
    const std::vector<ExchangeStage> stages(3, even_stage(2, 1, hidden, 4000));
    const SimulatedEpoch epoch = simulate_epoch(stages, LinkModel::uniform(2, kLink), one_a_host(2));
    EXPECT_NEAR(epoch.seconds, 3 * (1 + std::max(hidden, wire)), 1e-12);
    EXPECT_NEAR(epoch.exposed[0], 3 * std::max(wire - hidden, 0.0), 1e-12);
  }
}

TEST(Simulation, RanksWaitForTheSlowestSender) {
  ExchangeStage stage = even_stage(3, 1, 0, 1000);
  stage.before[2] = 9;
  const SimulatedEpoch epoch = simulate_epoch(std::vector{stage}, LinkModel::uniform(3, kLink), one_a_host(3));
  const double wire = 1000 * kLink.theta + kLink.gamma;
  EXPECT_NEAR(epoch.exposed[0], 8 + wire, 1e-12);  // rank 2 sends to it first
  EXPECT_NEAR(epoch.seconds, 9 + 2 * wire, 1e-12);
}

TEST(Simulation, RanksOfOneHostShareItsWayOut) {
  const ExchangeStage stage = even_stage(4, 0, 0, 2000);
  const std::vector<int> two_hosts = {0, 0, 1, 1};
  const SimulatedEpoch epoch = simulate_epoch(std::vector{stage}, LinkModel::uniform(2, kLink), two_hosts);
  EXPECT_NEAR(epoch.seconds, 4 * (2000 * kLink.theta + kLink.gamma), 1e-12);
}

TEST(Simulation, AThousandRanksTakeSeconds) {
  const std::vector<ExchangeStage> stages(4, even_stage(1024, 1, 1, 100));
  const auto start = std::chrono::steady_clock::now();
  const SimulatedEpoch epoch = simulate_epoch(stages, LinkModel::uniform(1024, {1e-6, 0}), one_a_host(1024));
  EXPECT_NEAR(epoch.seconds, 4 * 2.0, 1e-9);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 60) << "seconds, on a busy machine";
}

}  // namespace
}  // namespace tersegraph
