// Ranks of one host share what comes from other hosts, and sum what goes there.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>
#include <tuple>

#include "base/saved_state.h"
#include "comm/collectives.h"
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

constexpr int64_t kNodes = 120, kCols = 24;

const std::vector<std::vector<int>> kPlacements{{0, 0, 1, 1}, {0, 1, 0, 1},    {0, 0, 0, 1},       {0, 0, 1},
                                                {0, 0, 0, 0}, {0, 1, 1, 2, 0}, {0, 0, 0, 1, 1, 1}};

Spread spread_on(const std::vector<int>& hosts, ExchangeConfig exchange, bool weighted = true) {
  const Graph graph = reference::random_graph(kNodes, 900, true, weighted, 3, 2);
  const auto ranks = static_cast<int>(hosts.size());
  return {.matrix = aggregation_operator(graph, weighted ? Normalisation::mean : Normalisation::none),
          .partition = reference::random_parts(kNodes, ranks, 3),
          .exchange = std::move(exchange),
          .threads = 2,
          .hosts = hosts};
}

ExchangeConfig with_policy(ExchangePolicy policy, int bits = 32, RowChoice rows = RowChoice::sources) {
  ExchangeConfig config;
  config.policy = policy;
  config.bits = bits;
  config.rows = rows;
  config.assign_every = 3;
  config.link = "1gbit,50us";
  return config;
}

class SharedRowsOn : public ::testing::TestWithParam<std::tuple<int, RowChoice, bool /*weighted*/>> {};

TEST_P(SharedRowsOn, ExactProductsAreTheDenseOnes) {
  const auto& [placement, rows, weighted] = GetParam();
  Spread spread = spread_on(kPlacements[placement], with_policy(ExchangePolicy::exact, 32, rows), weighted);
  spread.exchange.intra = IntraHost::exact;
  const Dense a = dense_of(spread.matrix.view());
  Matrix x[6], ax[6], atx[6];
  for (int k = 0; k < 6; ++k) {
    x[k] = reference::random_matrix(kNodes, 3 + 40 * (k % 3), 20 + k);  // memory grows, and is used again
    ax[k] = Matrix(kNodes, x[k].cols());
    atx[k] = Matrix(kNodes, x[k].cols());
  }
  spread.run([&](RankOf& rank) {
    for (int k = 0; k < 6; ++k) {
      const Matrix mine = rank.mine(x[k]);
      rank.put(rank.forward(mine, {}), ax[k]);
      rank.put(rank.backward(mine, {}), atx[k]);
    }
  });
  for (int k = 0; k < 6; ++k) {
    EXPECT_LT(relative_error(dense_of(ax[k]), multiply(a, dense_of(x[k]))), 1e-6) << k;
    EXPECT_LT(relative_error(dense_of(atx[k]), multiply(transposed(a), dense_of(x[k]))), 1e-6) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(All, SharedRowsOn,
                         ::testing::Combine(::testing::Range(0, 7),
                                            ::testing::Values(RowChoice::sources, RowChoice::cover),
                                            ::testing::Bool()));

/// (node, host) of the rows that others than its own need, counted edge by edge.
int64_t rows_between_hosts(const Spread& spread) {
  std::set<std::pair<int64_t, int>> rows;
  const CsrView a = spread.matrix;
  const auto host = [&](int64_t v) { return spread.hosts[spread.partition.part_of[v]]; };
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e) {
      if (host(a.indices[e]) != host(i)) rows.emplace(a.indices[e], host(i));
    }
  }
  return std::ssize(rows);
}

TEST(SharedRows, EachRowCrossesBetweenTwoHostsOnce) {
  for (const std::vector<int>& hosts : kPlacements) {
    Spread spread = spread_on(hosts, with_policy(ExchangePolicy::exact));
    spread.exchange.intra = IntraHost::exact;
    const Matrix x = reference::random_matrix(kNodes, kCols, 4);
    for (const bool backward : {false, true}) {
      spread.run([&](RankOf& rank) {
        const auto bytes_to_others = [&] {
          int64_t bytes = 0;
          for (size_t q = 0; q < hosts.size(); ++q) {
            if (hosts[q] != hosts[rank.channel.rank()]) bytes += rank.channel.ledger().bytes_to_peer()[q];
          }
          return bytes;
        };
        const Matrix mine = rank.mine(x);
        const int64_t before = bytes_to_others();
        backward ? rank.backward(mine, {}) : rank.forward(mine, {});
        int64_t bytes = bytes_to_others() - before;
        all_reduce_sum(rank.channel, Traffic::setup, std::span(&bytes, 1));
        const int64_t rows = rows_between_hosts(spread) * kCols * 4;
        EXPECT_GE(bytes, rows);
        EXPECT_LE(bytes, rows + 16 * std::ssize(hosts) * std::ssize(hosts)) << "headers";
      });
    }
  }
}

/// Codes depend on a node's row alone, not on who reads them.
TEST(SharedRows, QuantizedRowsAreThoseThatEachRankWouldGet) {
  // Nothing goes between ranks of one host, which would be exact there.
  const std::vector<int> hosts{0, 0, 1, 1};
  std::vector<Edge> edges;
  Random random = reference::numbers(5);
  for (int k = 0; k < 600; ++k) {
    const auto u = static_cast<int64_t>(random.below(kNodes)), v = static_cast<int64_t>(random.below(kNodes));
    if (hosts[u % 4] != hosts[v % 4]) edges.emplace_back(u, v);
  }
  Spread spread = spread_on(hosts, with_policy(ExchangePolicy::uniform, 2));
  spread.matrix = aggregation_operator(build_graph(kNodes, edges, {}, {.symmetrise = false}), Normalisation::mean);
  for (int64_t v = 0; v < kNodes; ++v) spread.partition.part_of[v] = static_cast<int32_t>(v % 4);
  const Matrix x = reference::random_matrix(kNodes, kCols, 4);
  const auto forward = training_pass(Traffic::halo_forward), backward = training_pass(Traffic::halo_backward);
  const auto shared = spread.products(x, forward, backward);
  spread.hosts = {};
  const auto apart = spread.products(x, forward, backward);
  EXPECT_EQ(std::memcmp(shared.forward.data(), apart.forward.data(), shared.forward.bytes()), 0);
  EXPECT_NE(std::memcmp(shared.backward.data(), apart.backward.data(), shared.backward.bytes()), 0)
      << "sums of a host are rounded once";
}

/// The mean over many draws is the exact product, for any policy of widths.
TEST(SharedRows, RoundedProductsAreUnbiased) {
  for (const ExchangePolicy policy : {ExchangePolicy::uniform, ExchangePolicy::random, ExchangePolicy::adaptive}) {
    Spread spread = spread_on({0, 0, 1, 1, 0}, with_policy(policy, 2, RowChoice::cover));
    const Dense a = dense_of(spread.matrix.view());
    const Matrix x = reference::random_matrix(kNodes, kCols, 4);
    constexpr int kEpochs = 120;
    Dense forward(kNodes, kCols), backward(kNodes, kCols);
    double spread_of_one = 0;
    Matrix y(kNodes, kCols), gx(kNodes, kCols);
    spread.run([&](RankOf& rank) {
      for (int epoch = 1; epoch <= kEpochs; ++epoch) {
        const Matrix mine = rank.mine(x);
        rank.put(rank.forward(mine, training_pass(Traffic::halo_forward, epoch)), y);
        rank.put(rank.backward(mine, training_pass(Traffic::halo_backward, epoch)), gx);
        rank.aggregation.end_epoch(epoch);
        barrier(rank.channel);
        if (rank.channel.rank() == 0) {
          for (int64_t i = 0; i < kNodes * kCols; ++i) {
            forward.values[i] += y.data()[i] / kEpochs;
            backward.values[i] += gx.data()[i] / kEpochs;
          }
          if (epoch == kEpochs) spread_of_one = relative_error(dense_of(gx), multiply(transposed(a), dense_of(x)));
        }
        barrier(rank.channel);
      }
    });
    EXPECT_GT(spread_of_one, 1e-3) << "rounded";
    EXPECT_LT(relative_error(forward, multiply(a, dense_of(x))), spread_of_one / 5);
    EXPECT_LT(relative_error(backward, multiply(transposed(a), dense_of(x))), spread_of_one / 5);
  }
}

/// A row that several ranks of a host read counts for all of them.
TEST(SharedRows, WidthsAreChosenForAllThatReadARow) {
  const std::vector<int> hosts{0, 0, 1, 1, 1};
  Spread spread = spread_on(hosts, with_policy(ExchangePolicy::adaptive));
  const CsrView a = spread.matrix;
  const auto host = [&](int64_t v) { return hosts[spread.partition.part_of[v]]; };
  const Matrix x = reference::random_matrix(kNodes, kCols, 4);
  spread.run([&](RankOf& rank) {
    rank.forward(rank.mine(x), training_pass(Traffic::halo_forward));
    rank.aggregation.end_epoch(1);
    const ExchangePlan& plan = rank.aggregation.plans().forward(0);
    const std::vector<float> told = rank.aggregation.widths().state().exchanges.at(0).coefficients;
    ASSERT_EQ(std::ssize(told), plan.rows_sent());
    for (int q = 0; q < std::ssize(hosts); ++q) {
      for (int64_t k = plan.send_offsets[q]; k < plan.send_offsets[q + 1]; ++k) {
        const bool elsewhere = hosts[q] != hosts[rank.channel.rank()];
        double squares = 0;
        for (int64_t i = 0; i < a.rows; ++i) {
          if (elsewhere ? host(i) != hosts[q] : spread.partition.part_of[i] != q) continue;
          for (int64_t e = a.begin(i); e < a.end(i); ++e) {
            if (a.indices[e] == plan.send_ids[k]) squares += static_cast<double>(a.value(e)) * a.value(e);
          }
        }
        EXPECT_NEAR(told[static_cast<size_t>(k)], squares, 1e-5 * squares);
      }
    }
  });
}

/// What was saved goes on bit for bit.
TEST(SharedRows, StateIsKept) {
  constexpr int kSaved = 5;  // amid a cycle of widths
  for (const ExchangePolicy policy : {ExchangePolicy::random, ExchangePolicy::adaptive, ExchangePolicy::pipe}) {
    Spread spread = spread_on({0, 0, 1, 1}, with_policy(policy, 4));
    const Matrix x = reference::random_matrix(kNodes, kCols, 4);
    const auto epoch = [&](RankOf& rank, int number, Matrix& sum) {
      const Matrix mine = rank.mine(x);
      Matrix y = rank.forward(mine, training_pass(Traffic::halo_forward, number));
      rank.backward(y, training_pass(Traffic::halo_backward, number));
      rank.aggregation.end_epoch(number);
      rank.put(y, sum);
    };
    Matrix whole(kNodes, kCols), resumed(kNodes, kCols), unused(kNodes, kCols);
    SavedState state;
    spread.run([&](RankOf& rank) {
      for (int number = 1; number <= kSaved; ++number) epoch(rank, number, unused);
      SavedState none;
      rank.aggregation.save(rank.channel.rank() == 0 ? state : none);
      epoch(rank, kSaved + 1, whole);
      rank.aggregation.settle();
    });
    spread.run([&](RankOf& rank) {
      rank.aggregation.load(state);
      epoch(rank, kSaved + 1, resumed);
      rank.aggregation.settle();
    });
    EXPECT_EQ(std::memcmp(whole.data(), resumed.data(), whole.bytes()), 0);
    // Other hosts, as of a run that goes on as threads, share other rows.
    for (const std::vector<int>& hosts : {std::vector{0, 0, 0, 0}, {0, 1, 0, 1}}) {
      spread.hosts = hosts;
      spread.run([&](RankOf& rank) {
        rank.aggregation.load(state);
        epoch(rank, kSaved + 1, resumed);
        rank.aggregation.settle();
      });
      EXPECT_LT(relative_error(dense_of(resumed), dense_of(whole)), policy == ExchangePolicy::pipe ? 2 : 0.5);
    }
  }
}

}  // namespace
}  // namespace tersegraph
