#include "exchange/bit_assigner.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "base/error.h"
#include "comm/collectives.h"
#include "comm/launch.h"
#include "width_world.h"

namespace tersegraph {
namespace {

using testing::uneven_links;
using testing::WidthWorld;
using Form = AssignerGoal::Form;

AssignerGoal goal(Form form, double value) {
  return {form, value, {}};
}

WidthWorld world_of(int hosts, int ranks_a_host, Lanes::Schedule schedule = Lanes::Schedule::all_at_once) {
  WidthWorld world;
  world.links = uneven_links(hosts, 7);
  for (int r = 0; r < hosts * ranks_a_host; ++r) world.host_of.push_back(r / ranks_a_host);
  world.schedule = schedule;
  return world;
}

/// Calls `visit` for every combination of widths.
void for_all_widths(const WidthWorld& world, const std::function<void(const WidthWorld::Widths&)>& visit) {
  WidthWorld::Widths widths = world.all_at(world.allowed.front());
  std::vector<uint8_t*> places;
  for (auto& exchange : widths) {
    for (auto& rank : exchange) {
      for (auto& width : rank) places.push_back(&width);
    }
  }
  std::vector<size_t> digits(places.size(), 0);
  for (;;) {
    for (size_t k = 0; k < places.size(); ++k) *places[k] = static_cast<uint8_t>(world.allowed[digits[k]]);
    visit(widths);
    size_t k = 0;
    while (k < digits.size() && ++digits[k] == world.allowed.size()) digits[k++] = 0;
    if (k == digits.size()) return;
  }
}

/// What the messages that stand between two widths can cost the objective: the costliest step of each pair of ranks.
double rounding_allowance(const WidthWorld& world, double lambda) {
  const auto low = world.cost(world.lowest()), high = world.cost(world.highest());
  double allowance = 0;
  for (size_t t = 0; t < world.exchanges.size(); ++t) {
    for (const auto& rank : world.exchanges[t].ranks) {
      for (int q = 0; q < world.ranks(); ++q) {
        float most = 0;
        for (int64_t i = rank.offsets[q]; i < rank.offsets[q + 1]; ++i) most = std::max(most, rank.weights[i]);
        allowance += lambda * most / (low.variance[t] - high.variance[t]) / static_cast<double>(world.exchanges.size());
      }
    }
  }
  return allowance;
}

TEST(BitAssigner, StandsBetweenItsBoundAndBruteForce) {
  for (const Lanes::Schedule schedule : {Lanes::Schedule::all_at_once, Lanes::Schedule::ring}) {
    for (unsigned seed = 0; seed < 6; ++seed) {
      WidthWorld world = world_of(2, 1, schedule);
      world.fill(2, 16, 2, seed);  // 8 messages, 3 widths: 6561 combinations
      for (const double lambda : {0.1, 0.5, 0.9}) {
        double best = std::numeric_limits<double>::infinity();
        const auto low = world.cost(world.lowest());
        for_all_widths(world,
                       [&](const auto& widths) { best = std::min(best, world.objective(world.cost(widths), lambda)); });
        const auto choice = world.choose(goal(Form::balance, lambda));
        const double ours = world.objective(world.cost(choice.widths), lambda);
        EXPECT_LE(choice.decision.bound, best + 1e-9);
        EXPECT_GE(ours, best - 1e-9);
        EXPECT_LE(ours, best + rounding_allowance(world, lambda)) << "seed " << seed << " lambda " << lambda;
      }
    }
  }
}

TEST(BitAssigner, DroppedRowsStandBetweenBoundAndBruteForce) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    WidthWorld world = world_of(2, 1);
    world.allowed = {0, 1, 4};
    world.fill(1, 16, 4, seed);
    world.add_norms(seed);
    const Lanes lanes(world.links, world.host_of, world.schedule);
    for (const double share : {0.02, 0.06, 0.1}) {
      // The continuous optimum with a message more a pair is at least as good as any widths within the budget.
      double best = std::numeric_limits<double>::infinity();
      for_all_widths(world, [&](const auto& widths) {
        const auto cost = world.cost(widths);
        if (cost.bytes <= share * cost.fp32_bytes) best = std::min(best, cost.variance[0]);
      });
      const auto choice = world.choose(goal(Form::bytes, share));
      const auto ours = world.cost(choice.widths);
      if (best == std::numeric_limits<double>::infinity()) {
        EXPECT_FALSE(choice.decision.met);
        continue;
      }
      EXPECT_LE(ours.bytes, share * ours.fp32_bytes);
      EXPECT_GE(ours.variance[0], best * (1 - 1e-6));
      const double larger = share + 2.0 * 68 / ours.fp32_bytes;
      const auto more = world.choose(goal(Form::bytes, larger));
      EXPECT_LE(world.cost(more.widths).variance[0], best * (1 + 1e-6) + ours.variance[0] * 0.5);
    }
  }
}

TEST(BitAssigner, GapIsBelowAThousandthOfTheBound) {
  for (const int hosts : {2, 4, 8}) {
    for (const Lanes::Schedule schedule : {Lanes::Schedule::all_at_once, Lanes::Schedule::ring}) {
      WidthWorld world = world_of(hosts, 1, schedule);
      world.allowed = {1, 2, 3, 4, 6, 8};
      world.fill(3, 64, 4800, 11);  // a message a pair is left to rounding
      for (const double lambda : {0.1, 0.3, 0.5, 0.8, 0.99}) {
        const auto choice = world.choose(goal(Form::balance, lambda));
        const double ours = world.objective(world.cost(choice.widths), lambda);
        EXPECT_LE(ours, choice.decision.bound * 1.001) << hosts << " hosts, lambda " << lambda;
        EXPECT_GE(ours, choice.decision.bound * (1 - 1e-6));
        EXPECT_NEAR(choice.decision.objective, ours, 1e-3 * ours);
      }
    }
  }
}

TEST(BitAssigner, EqualCostsAreSplitAtTheBudget) {
  WidthWorld world = world_of(2, 1);
  world.fill(1, 64, 1000, 1, 0.0);
  for (auto& rank : world.exchanges[0].ranks) std::fill(rank.weights.begin(), rank.weights.end(), 3.0f);
  const auto low = world.cost(world.lowest()), high = world.cost(world.highest());
  const double middle = (low.total_seconds() + high.total_seconds()) / 2;
  const auto choice = world.choose(goal(Form::time, middle));
  const auto cost = world.cost(choice.widths);
  EXPECT_LE(cost.total_seconds(), middle);
  EXPECT_GT(cost.total_seconds(), middle * 0.998);
}

TEST(BitAssigner, PredictsWhatItsWidthsCost) {
  WidthWorld world = world_of(3, 2);
  world.fill(3, 40, 500, 5);
  const auto choice = world.choose(goal(Form::balance, 0.5));
  const auto cost = world.cost(choice.widths);
  EXPECT_NEAR(choice.decision.bytes, cost.bytes, 1e-3 * cost.bytes);
  EXPECT_NEAR(choice.decision.error, world.error(cost), 5e-3 * world.error(cost));
  for (size_t t = 0; t < cost.seconds.size(); ++t) {
    EXPECT_NEAR(choice.decision.seconds[t], cost.seconds[t], 1e-3 * cost.seconds[t]);
  }
}

TEST(BitAssigner, TotalsOfARankAreThoseOfItsWidths) {
  WidthWorld world = world_of(2, 2);
  world.allowed = {0, 1, 2, 4, 8};
  world.fill(1, 24, 300, 5);
  world.add_norms(9);
  const Lanes lanes(world.links, world.host_of, world.schedule);
  const auto choice = world.choose(goal(Form::balance, 0.5));
  const auto cost = world.cost(choice.widths);
  double bytes = 0, variance = 0;
  for (int r = 0; r < world.ranks(); ++r) {
    std::vector<uint8_t> widths(world.exchanges[0].ranks[r].weights.size());
    const WidthLadder ladder(world.allowed, 24);
    for (const LaneTotals& lane :
         assign_widths(choice.decision, 0, ladder, world.exchanges[0].ranks[r].costs(), lanes.from(r), widths)) {
      bytes += lane.bytes;
      variance += lane.cost;
    }
  }
  EXPECT_DOUBLE_EQ(bytes, cost.bytes);
  EXPECT_NEAR(variance, cost.variance[0], 1e-4 * cost.variance[0]);
}

TEST(BitAssigner, BudgetsAreKept) {
  for (const int hosts : {2, 5}) {
    WidthWorld world = world_of(hosts, 2);
    world.allowed = {1, 2, 3, 4, 6, 8};
    world.fill(3, 48, 200, 3);
    const auto low = world.cost(world.lowest()), high = world.cost(world.highest());
    for (const double part : {0.1, 0.4, 0.9}) {
      const double share = (low.bytes + part * (high.bytes - low.bytes)) / low.fp32_bytes;
      const auto by_bytes = world.cost(world.choose(goal(Form::bytes, share)).widths);
      EXPECT_LE(by_bytes.bytes, share * low.fp32_bytes);
      EXPECT_GE(by_bytes.bytes, share * low.fp32_bytes * 0.98);

      const double seconds = low.total_seconds() + part * (high.total_seconds() - low.total_seconds());
      const auto by_time = world.cost(world.choose(goal(Form::time, seconds)).widths);
      EXPECT_LE(by_time.total_seconds(), seconds);
      EXPECT_GE(by_time.total_seconds(), seconds * 0.98);

      const auto by_error = world.cost(world.choose(goal(Form::error, part / 10)).widths);
      EXPECT_LE(world.error(by_error), part / 10);
      EXPECT_GE(world.error(by_error), part / 10 * 0.9);

      AssignerGoal slack{Form::slack, 0, {}};
      for (size_t t = 0; t < low.seconds.size(); ++t) {
        slack.hidden_seconds.push_back(low.seconds[t] +
                                       part * static_cast<double>(t) / 2 * (high.seconds[t] - low.seconds[t]));
      }
      slack.hidden_seconds.back() = high.seconds.back() * 2;
      const auto choice = world.choose(slack);
      const auto by_slack = world.cost(choice.widths);
      for (size_t t = 1; t < low.seconds.size(); ++t) EXPECT_LE(by_slack.seconds[t], slack.hidden_seconds[t]);
      const double gained =
          (by_slack.variance.back() - high.variance.back()) / (low.variance.back() - high.variance.back());
      EXPECT_LE(gained, kEnoughError * 1.01);  // a message between two widths takes the narrower
      EXPECT_GE(gained, kEnoughError * 0.9);
      EXPECT_LT(by_slack.seconds.back(), high.seconds.back());
    }
  }
}

TEST(BitAssigner, AnUnreachableBudgetIsSaidAndComesNearest) {
  WidthWorld world = world_of(2, 1);
  world.fill(2, 32, 100, 3);
  const auto low = world.cost(world.lowest());
  const auto by_bytes = world.choose(goal(Form::bytes, 1e-3));
  EXPECT_FALSE(by_bytes.decision.met);
  EXPECT_DOUBLE_EQ(world.cost(by_bytes.widths).bytes, low.bytes);
  const auto by_time = world.choose(goal(Form::time, 0));
  EXPECT_FALSE(by_time.decision.met);
  EXPECT_NEAR(world.cost(by_time.widths).total_seconds(), low.total_seconds(), 1e-9);
  EXPECT_TRUE(world.choose(goal(Form::time, 1e9)).decision.met);
}

TEST(BitAssigner, MoreLambdaIsLessErrorAndMoreTime) {
  WidthWorld world = world_of(4, 1);
  world.fill(2, 64, 400, 21);
  double error = 2, seconds = 0;
  for (const double lambda : {0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0}) {
    const auto cost = world.cost(world.choose(goal(Form::balance, lambda)).widths);
    EXPECT_LE(world.error(cost), error + 1e-3);
    EXPECT_GE(cost.total_seconds(), seconds * (1 - 1e-3));
    error = world.error(cost), seconds = cost.total_seconds();
  }
  EXPECT_DOUBLE_EQ(seconds, world.cost(world.highest()).total_seconds());
}

TEST(BitAssigner, LambdaZeroTakesTheLeastTime) {
  WidthWorld world = world_of(4, 1);
  world.fill(2, 64, 400, 21);
  const auto cost = world.cost(world.choose(goal(Form::balance, 0.0)).widths);
  EXPECT_NEAR(cost.total_seconds(), world.cost(world.lowest()).total_seconds(), 1e-4 * cost.total_seconds());
  EXPECT_LT(world.error(cost), 1.0);  // hosts that are not the busiest have time for more bits
}

TEST(BitAssigner, TheSameTwice) {
  WidthWorld world = world_of(3, 2);
  world.fill(2, 40, 300, 5);
  EXPECT_EQ(world.choose(goal(Form::balance, 0.4)).widths, world.choose(goal(Form::balance, 0.4)).widths);
}

/// The widths of all ranks' messages as ranks find them together: they share the steepest step and the histograms.
WidthWorld::Widths choose_together(const WidthWorld& world, const AssignerGoal& goal) {
  WidthWorld::Widths widths = world.all_at(0);
  run_thread_ranks(world.ranks(), 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Lanes lanes(world.links, world.host_of, world.schedule);
    const std::vector<int> lane_of = lanes.from(channel.rank());
    SlopeHistograms histograms(static_cast<int>(world.exchanges.size()), lanes.count());
    for (int t = 0; t < histograms.exchanges(); ++t) {
      const MessageCosts costs = world.exchanges[t].ranks[channel.rank()].costs();
      const WidthLadder ladder(world.allowed, world.exchanges[t].cols);
      const double steepest = all_reduce_max(channel, Traffic::setup, steepest_step(ladder, costs));
      histograms.set_steepest(t, static_cast<float>(steepest));
      histograms.add(t, ladder, world.exchanges[t].cols, costs, lane_of);
    }
    all_reduce_sum(channel, Traffic::setup, histograms.values());
    const WidthDecision decision = decide_widths(goal, histograms, lanes);
    for (int t = 0; t < histograms.exchanges(); ++t) {
      assign_widths(decision, t, WidthLadder(world.allowed, world.exchanges[t].cols),
                    world.exchanges[t].ranks[channel.rank()].costs(), lane_of, widths[t][channel.rank()]);
    }
  });
  return widths;
}

TEST(BitAssigner, RanksTogetherChooseWhatOneWouldForAll) {
  for (const Form form : {Form::balance, Form::error}) {
    WidthWorld world = world_of(3, 2);
    world.allowed = {0, 1, 2, 4, 8};
    world.fill(2, 40, 300, 5);
    world.add_norms(3);
    EXPECT_EQ(choose_together(world, goal(form, 0.1)), world.choose(goal(form, 0.1)).widths);
  }
}

TEST(BitAssigner, ConstantRowsGetTheLowestWidth) {
  WidthWorld world = world_of(2, 1);
  world.fill(1, 32, 50, 5);
  auto& weights = world.exchanges[0].ranks[0].weights;
  for (size_t i = 0; i < weights.size(); i += 2) weights[i] = 0;
  const auto some = world.choose(goal(Form::balance, 0.9)).widths[0][0];
  const auto all = world.choose(goal(Form::balance, 1.0)).widths[0][0];
  for (size_t i = 0; i < weights.size(); i += 2) {
    EXPECT_EQ(some[i], 2);
    EXPECT_EQ(all[i], 2);
    EXPECT_EQ(all[i + 1], 8);
  }
}

TEST(BitAssigner, NothingToSendIsNoCase) {
  WidthWorld world = world_of(2, 1);
  world.fill(2, 32, 0, 5);
  EXPECT_TRUE(world.choose(goal(Form::balance, 0.5)).decision.met);
  WidthWorld alone = world_of(1, 2);
  alone.fill(1, 32, 10, 5);
  EXPECT_EQ(alone.choose(goal(Form::balance, 0.5)).widths, alone.highest());  // ranks on one host: bytes are free
}

TEST(BitAssigner, RanksOfOneHostShareItsTime) {
  // One host's two ranks face one price: the widths do not depend on which of them sends a row.
  WidthWorld world = world_of(2, 2);
  world.fill(1, 64, 400, 4);
  const auto choice = world.choose(goal(Form::balance, 0.5));
  float narrow = 0, wide = std::numeric_limits<float>::max();
  for (const int r : {0, 1}) {
    const auto& rank = world.exchanges[0].ranks[r];
    for (int64_t i = rank.offsets[2]; i < rank.offsets[4]; ++i) {
      if (choice.widths[0][r][i] == 2) narrow = std::max(narrow, rank.weights[i]);
      if (choice.widths[0][r][i] > 2) wide = std::min(wide, rank.weights[i]);
    }
    for (int64_t i = rank.offsets[0]; i < rank.offsets[2]; ++i) EXPECT_EQ(choice.widths[0][r][i], 8);
  }
  EXPECT_GT(narrow, 0);
  EXPECT_LT(narrow, wide * 1.07);  // but within the threshold's bin
}

TEST(BitAssigner, BadCostsAndGoalsAreRefused) {
  WidthWorld world = world_of(2, 1);
  world.fill(1, 32, 5, 5);
  EXPECT_THROW(world.choose(goal(Form::balance, 1.5)), InputError);
  EXPECT_THROW(world.choose(goal(Form::balance, std::nan(""))), InputError);
  EXPECT_THROW(world.choose(goal(Form::bytes, 0)), InputError);
  EXPECT_THROW(world.choose(goal(Form::time, -1)), InputError);
  EXPECT_THROW(world.choose(goal(Form::error, 2)), InputError);
  EXPECT_THROW(world.choose(goal(Form::slack, 0)), InputError);
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity(), -1.0f}) {
    world.exchanges[0].ranks[1].weights[3] = bad;
    EXPECT_THROW(world.choose(goal(Form::balance, 0.5)), RunError);
  }
}

TEST(BitAssigner, TinyAndHugeCostsAreNoCase) {
  WidthWorld world = world_of(2, 1);
  world.fill(1, 32, 100, 5);
  auto& weights = world.exchanges[0].ranks[0].weights;
  weights[0] = std::numeric_limits<float>::max();
  weights[1] = std::numeric_limits<float>::denorm_min();
  const auto widths = world.choose(goal(Form::balance, 0.5)).widths[0][0];
  EXPECT_EQ(widths[0], 8);
  EXPECT_EQ(widths[1], 2);
}

TEST(WidthLadder, KeepsOnlyTheLowerHull) {
  const WidthLadder even(std::vector<int>{8, 1, 2, 3, 4, 6}, 64);
  ASSERT_EQ(even.rungs().size(), 6u);
  EXPECT_EQ(even.rungs()[2].bits, 3);
  EXPECT_EQ(even.rungs()[2].bytes, 4 + 24);
  // Of one column, every width takes one byte, 3 and 6 take two: 8 is best and cheapest.
  const WidthLadder one(std::vector<int>{1, 2, 3, 4, 6, 8}, 1);
  ASSERT_EQ(one.rungs().size(), 1u);
  EXPECT_EQ(one.rungs()[0].bits, 8);
  EXPECT_THROW(WidthLadder(std::vector<int>{}, 8), InputError);
  EXPECT_THROW(WidthLadder(std::vector<int>{0}, 8), InputError);
  EXPECT_THROW(WidthLadder(std::vector<int>{2, 16}, 8), InputError);
}

TEST(WidthLadder, StepsFromNothingFallInSlope) {
  const WidthLadder ladder(std::vector<int>{0, 1, 2, 4, 8}, 32);
  std::mt19937 random(3);
  std::lognormal_distribution<float> value(0.0f, 3.0f);
  for (int k = 0; k < 1000; ++k) {
    float before = std::numeric_limits<float>::infinity();
    int rung = -1;
    visit_steps(ladder, value(random), value(random), [&](const WidthStep& step) {
      EXPECT_LE(step.slope, before);
      EXPECT_GT(step.rung, rung);
      before = step.slope, rung = step.rung;
    });
  }
}

}  // namespace
}  // namespace tersegraph
