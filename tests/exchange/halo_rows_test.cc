#include "exchange/halo_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

constexpr int kRanks = 3;
constexpr int64_t kNodes = 90;

/// Node v belongs to rank v % kRanks. Rank r needs of every other rank the nodes whose number / kRanks is even.
HaloNodes nodes_of(int rank) {
  HaloNodes nodes;
  nodes.halo_offsets = {0};
  for (int64_t v = rank; v < kNodes; v += kRanks) nodes.owned.push_back(v);
  for (int q = 0; q < kRanks; ++q) {
    for (int64_t v = q; q != rank && v < kNodes; v += 2 * kRanks) nodes.halo.push_back(v);
    nodes.halo_offsets.push_back(std::ssize(nodes.halo));
  }
  return nodes;
}

float value(int64_t node, int64_t col, int rank = 0) {
  return std::sin(static_cast<float>(7 * node + 3 * col + 11 * rank));
}

/// The largest errors, forward and backward, and what was sent for both.
struct Outcome {
  float forward = 0, backward = 0;
  int64_t bytes = 0;
};

Outcome exchange(int64_t cols, const ExchangeConfig& config, bool training = true) {
  std::vector<Outcome> outcomes(kRanks);
  run_thread_ranks(kRanks, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const int rank = channel.rank();
    Outcome& outcome = outcomes[rank];
    const HaloNodes nodes = nodes_of(rank);
    HaloRows rows(channel, nodes, config);
    Matrix x(rows.owned(), cols), halo(rows.halo(), cols), of_halo(rows.halo(), cols), gradient(rows.owned(), cols);
    for (int64_t c = 0; c < cols; ++c) {
      for (int64_t i = 0; i < rows.owned(); ++i) x(i, c) = value(nodes.owned[i], c);
      for (int64_t k = 0; k < rows.halo(); ++k) of_halo(k, c) = value(nodes.halo[k], c, rank);
    }
    gradient.fill(1);
    rows.forward(x, halo, {training, Traffic::halo_forward, 1, 1, 1});
    rows.backward(of_halo, gradient, {training, Traffic::halo_backward, 1, 1, 1});
    for (int64_t c = 0; c < cols; ++c) {
      for (int64_t k = 0; k < rows.halo(); ++k) {
        outcome.forward = std::max(outcome.forward, std::abs(halo(k, c) - value(nodes.halo[k], c)));
      }
      for (int64_t i = 0; i < rows.owned(); ++i) {
        const int64_t v = nodes.owned[i];
        float expected = 1;
        for (int q = 0; q < kRanks; ++q) expected += q != rank && v / kRanks % 2 == 0 ? value(v, c, q) : 0;
        outcome.backward = std::max(outcome.backward, std::abs(gradient(i, c) - expected));
      }
    }
    const Ledger& ledger = channel.ledger();
    outcome.bytes = ledger.bytes(Traffic::halo_forward) + ledger.bytes(Traffic::halo_backward);
  });
  Outcome all;
  for (const Outcome& each : outcomes) {
    all = {std::max(all.forward, each.forward), std::max(all.backward, each.backward), all.bytes + each.bytes};
  }
  return all;
}

class WidthOfRows : public ::testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(HaloRows, WidthOfRows, ::testing::Values(1, 7, 16, 64, 100, 300));

TEST_P(WidthOfRows, ExactRowsAreTheOwnersAndGradientsTheirSums) {
  const Outcome exact = exchange(GetParam(), {});
  EXPECT_EQ(exact.forward, 0);
  EXPECT_LT(exact.backward, 1e-6f);
}

TEST_P(WidthOfRows, CodedRowsAreWithinAStep) {
  for (const int bits : {2, 5}) {
    const Outcome coded = exchange(GetParam(), {ExchangePolicy::uniform, bits});
    const float step = 2.1f / static_cast<float>((1 << bits) - 1);  // values are in -1..1
    EXPECT_LE(coded.forward, step);
    EXPECT_LE(coded.backward, 2 * step);
    if (GetParam() > 1) {
      EXPECT_GT(coded.forward, 0);
    }
  }
}

/// 15 rows a message, in bundles of up to 128 columns, of which the last is as long as its rows.
TEST(HaloRows, BytesAreAHeaderAndMinimumAndScaleOfEachBundleAndTheCodes) {
  const int64_t messages = 2 * kRanks * (kRanks - 1);
  EXPECT_EQ(exchange(16, {}).bytes, messages * (16 + 4 * 15 * 16));
  const auto at_two_bits = [](int64_t cols) { return exchange(cols, {ExchangePolicy::uniform, 2}).bytes; };
  EXPECT_EQ(at_two_bits(1), messages * (16 + 4 + 4));
  EXPECT_EQ(at_two_bits(7), messages * (16 + 4 + 27));
  EXPECT_EQ(at_two_bits(16), messages * (16 + 2 * 4 + (8 + 7) * 4));
  EXPECT_EQ(at_two_bits(40), messages * (16 + 5 * 4 + 15 * 10));
  EXPECT_EQ(at_two_bits(150), messages * (16 + 15 * (4 + 38)));
}

TEST(HaloRows, PassesThatDoNotTrainAreExact) {
  EXPECT_EQ(exchange(16, {ExchangePolicy::uniform, 2}, false).forward, 0);
}

TEST(HaloRows, PoliciesOfStaleRowsAreRefused) {
  EXPECT_THROW(exchange(4, {ExchangePolicy::pipe, 8}), InputError);
}

TEST(HaloRows, AnotherRanksIdeaOfWhoOwnsANodeIsNoticed) {
  EXPECT_THROW(run_thread_ranks(2, 1,
                                [](Communicator& communicator) {
                                  Channel channel(communicator);
                                  const int64_t rank = channel.rank();
                                  HaloNodes nodes{{rank}, {5}, {0, 1, 1}};
                                  if (rank == 0) nodes.halo_offsets = {0, 0, 1};
                                  HaloRows rows(channel, nodes, {});
                                }),
               RunError);
}

}  // namespace
}  // namespace tersegraph
