#include "exchange/width_policy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "base/error.h"
#include "comm/collectives.h"
#include "exchange/goal_words.h"
#include "exchange/link_words.h"
#include "exchange/spread.h"

namespace tersegraph {
namespace {

using testing::RankOf;
using testing::Spread;
using testing::training_pass;

constexpr int64_t kNodes = 300, kCols = 64;

Spread spread_of(ExchangeConfig exchange, int ranks = 4) {
  const Graph graph = reference::random_graph(kNodes, 2500, true, true, 3, 2);
  return {aggregation_operator(graph, Normalisation::mean), reference::random_parts(kNodes, ranks, 3),
          std::move(exchange)};
}

ExchangeConfig adaptive(std::vector<int> widths, AssignerGoal goal = {}) {
  ExchangeConfig config;
  config.policy = ExchangePolicy::adaptive;
  config.widths = std::move(widths);
  config.goal = std::move(goal);
  config.assign_every = 5;
  return config;
}

AssignerGoal bytes_goal(double share) {
  return {AssignerGoal::Form::bytes, share, {}};
}

/// Rows of very different ranges, half of them as after a ReLU.
Matrix uneven_rows() {
  Matrix x = reference::random_matrix(kNodes, kCols, 4);
  Random random = reference::numbers(6);
  for (int64_t i = 0; i < kNodes; ++i) {
    const auto scale = static_cast<float>(std::exp(2 * random.normal()));
    for (int64_t c = 0; c < kCols; ++c) x(i, c) = scale * (i % 2 == 0 ? std::max(x(i, c), 0.0f) : x(i, c));
  }
  return x;
}

/// What each epoch of two layers, forward and backward, leaves.
struct Epoch {
  Matrix sums[3];
  int64_t bytes = 0;  ///< of all ranks
};

Epoch run_epoch(RankOf& rank, const Matrix& x, int64_t epoch) {
  const Ledger& ledger = rank.channel.ledger();
  const auto sent = [&] { return ledger.bytes(Traffic::halo_forward) + ledger.bytes(Traffic::halo_backward); };
  Epoch result;
  const int64_t before = sent();
  const Matrix mine = rank.mine(x);
  result.sums[0] = rank.forward(mine, training_pass(Traffic::halo_forward, epoch, 0));
  result.sums[1] = rank.forward(result.sums[0], training_pass(Traffic::halo_forward, epoch, 1));
  result.sums[2] = rank.backward(mine, training_pass(Traffic::halo_backward, epoch, 1));
  result.bytes = sent() - before;
  all_reduce_sum(rank.channel, Traffic::setup, std::span(&result.bytes, 1));
  rank.aggregation.end_epoch(epoch);
  return result;
}

bool same_bits(const Matrix& a, const Matrix& b) {
  return std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

/// Every epoch of rank 0, and the bytes.
std::vector<Epoch> run_epochs(const ExchangeConfig& exchange, int epochs, int threads = 1) {
  Spread spread = spread_of(exchange);
  spread.threads = threads;
  const Matrix x = uneven_rows();
  std::vector<Epoch> all;
  spread.run([&](RankOf& rank) {
    for (int64_t epoch = 1; epoch <= epochs; ++epoch) {
      Epoch one = run_epoch(rank, x, epoch);
      if (rank.channel.rank() == 0) all.push_back(std::move(one));
    }
  });
  return all;
}

void expect_same(const std::vector<Epoch>& a, const std::vector<Epoch>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(a[k].bytes, b[k].bytes) << "epoch " << k + 1;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(same_bits(a[k].sums[i], b[k].sums[i])) << "epoch " << k + 1;
  }
}

TEST(WidthPolicy, OneWidthToChooseFromIsUniform) {
  expect_same(run_epochs(adaptive({8}), 12), run_epochs({ExchangePolicy::uniform, 8}, 12));
  expect_same(run_epochs(adaptive({3}), 7), run_epochs({ExchangePolicy::uniform, 3}, 7));
}

TEST(WidthPolicy, RepeatsItselfOnAnyNumberOfThreads) {
  const auto once = run_epochs(adaptive({0, 1, 2, 4, 8}), 12);
  expect_same(once, run_epochs(adaptive({0, 1, 2, 4, 8}), 12));
  expect_same(once, run_epochs(adaptive({0, 1, 2, 4, 8}), 12, 2));
}

TEST(WidthPolicy, ABudgetOfBytesHoldsOnTheWire) {
  const auto fp32 = run_epochs({ExchangePolicy::uniform, 32}, 1), widest = run_epochs({ExchangePolicy::uniform, 8}, 1);
  for (const double share : {0.1, 0.15, 0.2}) {
    const auto epochs = run_epochs(adaptive({2, 4, 8}, bytes_goal(share)), 8);
    EXPECT_EQ(epochs[0].bytes, widest[0].bytes) << "the first epoch is uniform at the widest width";
    for (size_t k = 1; k < epochs.size(); ++k) {
      const double budget = share * static_cast<double>(fp32[0].bytes);
      EXPECT_LE(static_cast<double>(epochs[k].bytes), budget) << share << ", epoch " << k + 1;
      EXPECT_GE(static_cast<double>(epochs[k].bytes), 0.98 * budget) << share << ", epoch " << k + 1;
    }
  }
}

class RowsOf : public ::testing::TestWithParam<RowChoice> {};
INSTANTIATE_TEST_SUITE_P(WidthPolicy, RowsOf, ::testing::Values(RowChoice::sources, RowChoice::cover));

/// The error of A x beside the exact product, for the same bytes.
TEST_P(RowsOf, AdaptiveWidthsErrLessThanUniformOnesOfTheSameBytes) {
  const Matrix x = uneven_rows();
  const auto errors = [&](ExchangeConfig config, int64_t& bytes) {
    config.rows = GetParam();
    const Spread spread = spread_of(config);
    const Matrix exact = spread.products(x, {}, {}).forward;
    double squares = 0;
    std::vector<double> of_rank(4, 0.0);
    spread.run([&](RankOf& rank) {
      for (int64_t epoch = 1; epoch <= 40; ++epoch) {
        const Epoch one = run_epoch(rank, x, epoch);
        if (epoch == 1) continue;  // before the first choice
        if (rank.channel.rank() == 0) bytes = one.bytes;
        const Matrix target = rank.mine(exact);
        for (int64_t k = 0; k < target.size(); ++k) {
          of_rank[rank.channel.rank()] += std::pow(static_cast<double>(one.sums[0].data()[k]) - target.data()[k], 2);
        }
      }
    });
    for (const double part : of_rank) squares += part;
    return squares;
  };
  int64_t uniform_bytes = 0, adaptive_bytes = 0;
  const double uniform = errors({ExchangePolicy::uniform, 4}, uniform_bytes);
  const ExchangeConfig fp32{.policy = ExchangePolicy::uniform, .bits = 32, .rows = GetParam()};
  const double share = static_cast<double>(uniform_bytes) / static_cast<double>(run_epochs(fp32, 1)[0].bytes);
  const double adapted = errors(adaptive({1, 2, 3, 4, 6, 8}, bytes_goal(share)), adaptive_bytes);
  EXPECT_LE(adaptive_bytes, uniform_bytes);
  EXPECT_LT(adapted, 0.5 * uniform);
}

TEST(WidthPolicy, RowsMayBeDropped) {
  const auto epochs = run_epochs(adaptive({0, 2, 4}, bytes_goal(0.02)), 4);
  const auto narrowest = run_epochs({ExchangePolicy::uniform, 1}, 1),
             fp32 = run_epochs({ExchangePolicy::uniform, 32}, 1);
  EXPECT_LT(epochs.back().bytes, narrowest[0].bytes);
  EXPECT_LE(static_cast<double>(epochs.back().bytes), 0.02 * static_cast<double>(fp32[0].bytes));
}

TEST(WidthPolicy, RandomWidthsAreDrawnAnewEveryCycle) {
  ExchangeConfig config;
  config.policy = ExchangePolicy::random;
  config.widths = {2, 4, 8};
  config.assign_every = 3;
  const auto once = run_epochs(config, 6);
  expect_same(once, run_epochs(config, 6));
  EXPECT_EQ(once[0].bytes, once[2].bytes);
  EXPECT_NE(once[2].bytes, once[3].bytes);
  EXPECT_EQ(once[3].bytes, once[5].bytes);
  Spread spread = spread_of(config);
  const Matrix x = uneven_rows();
  spread.run([&](RankOf& rank) {
    run_epoch(rank, x, 1);
    for (const auto& [exchange, bits] : rank.aggregation.widths().report().bits) EXPECT_NEAR(bits, 14.0 / 3, 0.3);
    EXPECT_EQ(rank.aggregation.widths().report().bits.size(), 3u);
  });
}

/// A policy that takes over another's state goes on alike.
TEST(WidthPolicy, GoesOnFromAState) {
  const ExchangeConfig config = adaptive({0, 2, 4, 8});
  const auto whole = run_epochs(config, 14);
  const Spread spread = spread_of(config);
  const Matrix x = uneven_rows();
  std::vector<WidthState> states(4);
  spread.run([&](RankOf& rank) {
    for (int64_t epoch = 1; epoch <= 7; ++epoch) run_epoch(rank, x, epoch);
    states[rank.channel.rank()] = rank.aggregation.widths().state();
  });
  std::vector<Epoch> rest;
  spread.run([&](RankOf& rank) {
    rank.aggregation.widths().restore(states[rank.channel.rank()]);
    for (int64_t epoch = 8; epoch <= 14; ++epoch) {
      Epoch one = run_epoch(rank, x, epoch);
      if (rank.channel.rank() == 0) rest.push_back(std::move(one));
    }
  });
  std::vector<Epoch> expected;
  for (size_t k = 7; k < whole.size(); ++k) {
    Epoch one;
    for (int i = 0; i < 3; ++i) {
      one.sums[i] = Matrix(whole[k].sums[i].rows(), whole[k].sums[i].cols());
      std::memcpy(one.sums[i].data(), whole[k].sums[i].data(), whole[k].sums[i].bytes());
    }
    one.bytes = whole[k].bytes;
    expected.push_back(std::move(one));
  }
  expect_same(rest, expected);
}

TEST(WidthPolicy, RanksOfOneHostMaySendExactly) {
  ExchangeConfig config = adaptive({2, 4});
  config.intra = IntraHost::exact;  // thread ranks share one
  const auto exact = run_epochs({ExchangePolicy::uniform, 32}, 3), inside = run_epochs(config, 3);
  for (size_t k = 0; k < exact.size(); ++k) {
    EXPECT_EQ(exact[k].bytes, inside[k].bytes);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(same_bits(exact[k].sums[i], inside[k].sums[i]));
  }
}

TEST(WidthPolicy, SlackMeasuresOnceAndRepeats) {
  ExchangeConfig config = adaptive({2, 4, 8}, {AssignerGoal::Form::slack, 0, {}});
  config.link = "1gbit,20us";
  const Spread spread = spread_of(config);
  const Matrix x = uneven_rows();
  std::map<std::string, double> hidden;
  std::vector<Epoch> measured;
  spread.run([&](RankOf& rank) {
    for (int64_t epoch = 1; epoch <= 12; ++epoch) {
      Epoch one = run_epoch(rank, x, epoch);
      if (rank.channel.rank() == 0) measured.push_back(std::move(one));
      if (epoch == 1) {
        EXPECT_TRUE(rank.aggregation.widths().hidden_seconds().empty());
      }
    }
    if (rank.channel.rank() == 0) hidden = rank.aggregation.widths().hidden_seconds();
  });
  ASSERT_EQ(hidden.size(), 3u);
  for (const auto& [exchange, seconds] : hidden) EXPECT_GT(seconds, 0.0) << exchange;
  // Given instead of measured, they lead to the same widths.
  config.goal.hidden_seconds = {hidden.at("forward.0"), hidden.at("forward.1"), hidden.at("backward.1")};
  EXPECT_EQ(run_epochs(config, 12).back().bytes, measured.back().bytes);
}

TEST(WidthPolicy, MistakesAreSaid) {
  const auto fails = [](ExchangeConfig config) { EXPECT_THROW(spread_of(config).run([](RankOf&) {}), InputError); };
  fails(adaptive({}));
  fails(adaptive({0}));
  fails(adaptive({16}));
  ExchangeConfig config = adaptive({2});
  config.link = "fast";
  fails(config);
  config = adaptive({0, 2});
  config.policy = ExchangePolicy::random;
  fails(config);
}

TEST(GoalWords, AreRead) {
  EXPECT_EQ(parse_goal("", 0.25).form, AssignerGoal::Form::balance);
  EXPECT_EQ(parse_goal("", 0.25).value, 0.25);
  EXPECT_EQ(parse_goal("bytes=0.08", 0.5).value, 0.08);
  EXPECT_EQ(parse_goal("time=2e-3", 0.5).form, AssignerGoal::Form::time);
  EXPECT_EQ(parse_goal("error=1", 0.5).form, AssignerGoal::Form::error);
  EXPECT_TRUE(parse_goal("slack", 0.5).hidden_seconds.empty());
  EXPECT_EQ(parse_goal("slack=0.1,2,0", 0.5).hidden_seconds, (std::vector<double>{0.1, 2, 0}));
  for (const char* words : {"bytes", "bytes=", "bytes=0", "bytes=-1", "bytes=0.1x", "error=1.5", "slack=", "slack=1,",
                            "speed=1", "=1", "time=nan", "bytes=inf"}) {
    EXPECT_THROW(parse_goal(words, 0.5), InputError) << words;
  }
}

TEST(LinkWords, AreReadAndPrinted) {
  EXPECT_EQ(print_links(parse_links(" 1gbit,50us ", 3)), "1gbit,50us");
  const std::string words = "0>1 1gbit,50us; 1>0 100mbit";
  EXPECT_EQ(print_links(parse_links(words, 2)), words);
  EXPECT_EQ(parse_links(words, 2).link(1, 0).theta, 8e-8);
  EXPECT_EQ(print_links(parse_links("1>0 100mbit;0>1 free", 2)), "0>1 free; 1>0 100mbit");
  for (const char* bad : {"0>1 1gbit", "0>1 1gbit; 1>2 1gbit", "0>1 1gbit; 1>1 1gbit", "0>1; 1>0 1gbit", "0>1 1gbit;",
                          "a>b 1gbit", "0>1 quick; 1>0 1gbit"}) {
    EXPECT_THROW(parse_links(bad, 2), InputError) << bad;
  }
}

}  // namespace
}  // namespace tersegraph
