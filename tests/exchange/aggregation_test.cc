#include "exchange/aggregation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <tuple>

#include "base/error.h"
#include "exchange/spread.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::dense_of;
using reference::multiply;
using reference::transposed;
using testing::RankOf;
using testing::Spread;
using testing::training_pass;

using GraphCase = std::tuple<bool /*directed*/, bool /*weighted*/, Normalisation, int /*ranks*/, RowChoice>;
class ExactAggregation : public ::testing::TestWithParam<GraphCase> {};

TEST_P(ExactAggregation, ForwardAndBackwardAreTheDenseProducts) {
  const auto& [directed, weighted, normalisation, ranks, rows] = GetParam();
  for (const int64_t cols : {1, 5, 64}) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      const Graph graph = reference::random_graph(40, 110, directed, weighted, 3, seed);
      const Dense adjacency = dense_of(graph.adjacency.view());
      const Dense a = normalisation == Normalisation::mean ? reference::mean_operator(adjacency)
                                                           : reference::gcn_operator(adjacency);
      const Spread spread{aggregation_operator(graph, normalisation),
                          reference::random_parts(40, ranks, seed + 10),
                          {.rows = rows},
                          1,
                          seed == 3 ? Ordering::rcm : Ordering::none};
      const Matrix x = reference::random_matrix(40, cols, seed + 20), g = reference::random_matrix(40, cols, seed + 30);
      const Matrix ax = spread.products(x, {}, {}).forward, atg = spread.products(g, {}, {}).backward;
      EXPECT_LT(relative_error(dense_of(ax), multiply(a, dense_of(x))), 1e-6);
      EXPECT_LT(relative_error(dense_of(atg), multiply(transposed(a), dense_of(g))), 1e-6);
      const double forward = dot(dense_of(ax), dense_of(g)), backward = dot(dense_of(x), dense_of(atg));
      EXPECT_NEAR(forward, backward, 1e-5 * norm(dense_of(ax)) * norm(dense_of(g)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ExactAggregation,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool(),
                                            ::testing::Values(Normalisation::symmetric, Normalisation::mean),
                                            ::testing::Values(1, 2, 3, 4),
                                            ::testing::Values(RowChoice::sources, RowChoice::cover)));

/// Edges go from rank 0 to rank 1 alone; rank 2 has edges of its own only, rank 3 none.
Spread lopsided() {
  const std::vector<Edge> edges{{0, 3}, {1, 3}, {1, 4}, {2, 5}, {3, 4}, {6, 7}, {7, 8}, {8, 6}};
  const Graph graph = build_graph(11, edges, {}, {.symmetrise = false});
  return {aggregation_operator(graph, Normalisation::mean), {4, {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3}}};
}

TEST(Aggregation, RanksWithNothingToSendOrReceive) {
  Spread spread = lopsided();
  const Dense a = dense_of(spread.matrix.view());
  const Matrix x = reference::random_matrix(11, 6, 1);
  for (const int bits : {32, 8}) {
    spread.exchange = {ExchangePolicy::uniform, bits};
    spread.run([&](RankOf& rank) {
      const Matrix mine = rank.mine(x);
      rank.forward(mine, training_pass(Traffic::halo_forward));
      rank.backward(mine, training_pass(Traffic::halo_backward));
      const auto sent = [&](Traffic kind) { return rank.channel.ledger().bytes(kind) > 0; };
      EXPECT_EQ(sent(Traffic::halo_forward), rank.channel.rank() == 0);
      EXPECT_EQ(sent(Traffic::halo_backward), rank.channel.rank() == 1);
    });
  }
  spread.exchange = {};
  const auto [forward, backward] = spread.products(x, {}, {});
  EXPECT_LT(relative_error(dense_of(forward), multiply(a, dense_of(x))), 1e-6);
  EXPECT_LT(relative_error(dense_of(backward), multiply(transposed(a), dense_of(x))), 1e-6);
}

/// Those that come first are complete then; each comes once.
TEST(Aggregation, RowsThatNoMessageAddsToAreReadyWhileMessagesTravel) {
  // Two rings of 100; two nodes of each meet the other.
  std::vector<Edge> edges{{0, 100}, {50, 150}};
  for (int64_t ring = 0; ring < 2; ++ring) {
    for (int64_t k = 0; k < 100; ++k) edges.push_back({100 * ring + k, 100 * ring + (k + 1) % 100});
  }
  Spread spread{aggregation_operator(build_graph(200, edges, {}, {.symmetrise = true}), Normalisation::symmetric),
                {2, std::vector<int32_t>(200)}};
  for (int64_t v = 100; v < 200; ++v) spread.partition.part_of[v] = 1;
  const Matrix x = reference::random_matrix(200, 8, 3);
  spread.run([&](RankOf& rank) {
    const Matrix mine = rank.mine(x);
    for (const bool backward : {false, true}) {
      Matrix y(100, 8), early(100, 8);
      std::vector<int> turns(100, 0);  // 1: of the first call, 2: of the second
      int turn = 0;
      const auto use = [&](const RowsInTurn& in_turn) {
        ++turn;
        for (int64_t i = 0; i < 100; ++i) {
          if (!in_turn(i, i + 1)) continue;
          EXPECT_EQ(turns[i], 0);
          turns[i] = turn;
          std::copy_n(y.row(i), 8, early.row(i));
        }
        EXPECT_EQ(in_turn(0, 100), turn == 2) << "ranges with rows of both kinds wait";
      };
      PhaseSeconds seconds;
      if (backward) {
        rank.aggregation.backward(mine, y, training_pass(Traffic::halo_backward), seconds, use);
      } else {
        rank.aggregation.forward(mine, y, training_pass(Traffic::halo_forward), seconds, use);
      }
      EXPECT_EQ(std::count(turns.begin(), turns.end(), 1), 98);
      EXPECT_EQ(std::count(turns.begin(), turns.end(), 2), 2);
      for (int64_t k = 0; k < y.size(); ++k) EXPECT_EQ(early.data()[k], y.data()[k]);
    }
  });
}

bool same_bits(const Matrix& a, const Matrix& b) {
  return std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

TEST(Aggregation, TheSameBitsForAnyNumberOfThreads) {
  const Graph graph = reference::random_graph(3000, 20000, true, true, 10, 5);
  Spread spread{aggregation_operator(graph, Normalisation::symmetric), reference::random_parts(3000, 2, 6)};
  const Matrix x = reference::random_matrix(3000, 33, 7);
  for (const int bits : {2, 5, 8, 16, 32}) {
    spread.exchange = {ExchangePolicy::uniform, bits};
    const auto pass = [](Traffic kind) { return training_pass(kind); };
    spread.threads = 1;
    const auto one = spread.products(x, pass(Traffic::halo_forward), pass(Traffic::halo_backward));
    spread.threads = 2;
    const auto two = spread.products(x, pass(Traffic::halo_forward), pass(Traffic::halo_backward));
    EXPECT_TRUE(same_bits(one.forward, two.forward)) << bits;
    EXPECT_TRUE(same_bits(one.backward, two.backward)) << bits;
  }
}

TEST(Aggregation, TheSameBitsWithoutOverlap) {
  const Graph graph = reference::random_graph(300, 2000, true, true, 10, 5);
  Spread spread{aggregation_operator(graph, Normalisation::symmetric), reference::random_parts(300, 4, 6)};
  const Matrix x = reference::random_matrix(300, 33, 7);
  for (const std::vector<int>& hosts : {std::vector<int>{}, {0, 0, 1, 1}}) {
    spread.hosts = hosts;
    const auto products = [&](bool overlap) {
      spread.exchange = {.policy = ExchangePolicy::uniform, .bits = 4, .overlap = overlap};
      return spread.products(x, training_pass(Traffic::halo_forward), training_pass(Traffic::halo_backward));
    };
    const auto with = products(true), without = products(false);
    EXPECT_TRUE(same_bits(with.forward, without.forward)) << hosts.size();
    EXPECT_TRUE(same_bits(with.backward, without.backward)) << hosts.size();
  }
}

/// Rank 1 is late: rank 0's rows that no message adds to are ready before it begins, or are not touched until it has.
TEST(Aggregation, WithoutOverlapNothingIsComputedBeforeAllHasCome) {
  const Graph graph = reference::random_graph(300, 2000, false, false, 0, 5);
  Spread spread{aggregation_operator(graph, Normalisation::mean), reference::random_parts(300, 2, 6)};
  const Matrix x = reference::random_matrix(300, 8, 7);
  for (const bool overlap : {true, false}) {
    spread.exchange.overlap = overlap;
    std::atomic<bool> late_began = false, early_computed = false;
    spread.run([&](RankOf& rank) {
      const Matrix mine = rank.mine(x);
      Matrix y(mine.rows(), 8);
      if (rank.channel.rank() == 1) {
        const Timer waited;
        while (overlap ? !early_computed : waited.seconds() < 0.05) std::this_thread::yield();
        late_began = true;
      }
      const auto use = [&](const RowsInTurn&) {
        if (rank.channel.rank() != 0 || early_computed) return;
        EXPECT_EQ(late_began, !overlap);
        early_computed = true;  // lets rank 1 begin
      };
      rank.aggregation.forward(mine, y, training_pass(Traffic::halo_forward), rank.seconds, use);
    });
  }
}

TEST(Aggregation, EpochAndLayerDrawOtherNumbersAndRepeatTheirOwn) {
  const Graph graph = reference::random_graph(40, 110, false, false, 0, 5);
  const Spread spread{aggregation_operator(graph, Normalisation::mean),
                      reference::random_parts(40, 3, 6),
                      {ExchangePolicy::uniform, 2}};
  const Matrix x = reference::random_matrix(40, 16, 7);
  const auto at = [&](int64_t epoch, int layer) {
    return spread.products(x, training_pass(Traffic::halo_forward, epoch, layer),
                           training_pass(Traffic::halo_backward, epoch, layer));
  };
  const auto first = at(1, 0), again = at(1, 0), other_epoch = at(2, 0), other_layer = at(1, 1);
  EXPECT_TRUE(same_bits(first.forward, again.forward));
  EXPECT_TRUE(same_bits(first.backward, again.backward));
  for (const auto* other : {&other_epoch, &other_layer}) {
    EXPECT_FALSE(same_bits(first.forward, other->forward));
    EXPECT_FALSE(same_bits(first.backward, other->backward));
  }
}

TEST(Aggregation, ExactPassesAndTheExactPolicyRoundNothing) {
  const Graph graph = reference::random_graph(40, 110, false, true, 0, 5);
  Spread spread{aggregation_operator(graph, Normalisation::symmetric), reference::random_parts(40, 3, 6)};
  const Matrix x = reference::random_matrix(40, 16, 7);
  const auto exact = spread.products(x, {}, {});
  spread.exchange = {ExchangePolicy::uniform, 1};
  EXPECT_TRUE(same_bits(spread.products(x, {}, {}).forward, exact.forward));
  spread.exchange = {ExchangePolicy::exact, 1};
  const auto training = spread.products(x, training_pass(Traffic::halo_forward), training_pass(Traffic::halo_backward));
  EXPECT_TRUE(same_bits(training.forward, exact.forward));
  EXPECT_TRUE(same_bits(training.backward, exact.backward));
}

TEST(Aggregation, MistakesAreSaidOnce) {
  Spread spread = lopsided();
  spread.exchange = {ExchangePolicy::uniform, 9};
  EXPECT_THROW(spread.run([](RankOf&) {}), InputError);
  const Partition& four_parts = spread.partition;
  EXPECT_THROW(run_thread_ranks(2, 1,
                                [&](Communicator& communicator) {
                                  Channel channel(communicator);
                                  const Shard shard =
                                      build_shard(spread.matrix, four_parts, channel.rank(), Ordering::none, 0);
                                  const Aggregation aggregation(shard, channel, {});
                                }),
               InputError);
}

/// A rank that fails between start() and finish() leaves messages under way, whose buffers go with it.
TEST(Aggregation, ARankThatFailsAmidAnExchangeStopsTheOthers) {
  const Graph graph = reference::random_graph(2000, 20000, false, false, 0, 5);
  const Spread spread{aggregation_operator(graph, Normalisation::mean), reference::random_parts(2000, 3, 6)};
  const Matrix x = reference::random_matrix(2000, 64, 7);
  const auto run = [&] {
    spread.run([&](RankOf& rank) {
      const Matrix mine = rank.mine(x);
      const ExchangePlan plan = plan_forward(rank.shard, rank.channel);
      HaloExchange exchange(rank.channel);
      exchange.start(plan, mine, {});
      if (rank.channel.rank() == 1) fail_run("lost");
      Matrix y = rank.mine(x);
      exchange.finish(y, rank.seconds);
      rank.forward(mine, {});
    });
  };
  EXPECT_THROW(run(), RunError);
}

}  // namespace
}  // namespace tersegraph
