#include "exchange/exchange_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "comm/collectives.h"
#include "exchange/planned_world.h"
#include "graph/vertex_cover.h"
#include "reference/dense_gnn.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::dense_of;
using reference::multiply;
using reference::relative_error;
using reference::transposed;
using testing::PlannedWorld;

constexpr int64_t kNodes = 60;

PlannedWorld plan_world(const Csr& matrix, const Partition& partition, RowChoice choice) {
  return PlannedWorld::make(matrix, partition, [&](const Shard& shard, Channel& channel) {
    return plan_forward(shard, shard.remote, choice, channel);
  });
}

using Case = std::tuple<RowChoice, bool /*directed*/, bool /*weighted*/, Normalisation, int /*ranks*/>;

class EveryPlan : public ::testing::TestWithParam<Case> {
 protected:
  /// Hubs beside sparse nodes, so that covers hold both sides.
  PlannedWorld world(uint64_t seed) {
    const auto& [choice, directed, weighted, normalisation, ranks] = GetParam();
    matrix = aggregation_operator(reference::random_graph(kNodes, 170, directed, weighted, 3, seed), normalisation);
    partition = reference::random_parts(kNodes, ranks, seed + 10);
    return plan_world(matrix, partition, choice);
  }

  Csr matrix;
  Partition partition;
};

TEST_P(EveryPlan, GivesTheDenseProducts) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const PlannedWorld ranks = world(seed);
    const Dense a = dense_of(matrix.view()), x = dense_of(reference::random_matrix(kNodes, 3, seed + 20));
    EXPECT_LT(relative_error(ranks.product(x, false), multiply(a, x)), 1e-6);
    EXPECT_LT(relative_error(ranks.product(x, true), multiply(transposed(a), x)), 1e-6);
  }
}

/// Rows that travel as they are are keyed by their node, whoever receives them; sums share no key with anything.
TEST_P(EveryPlan, KeysRowsApart) {
  const PlannedWorld ranks = world(1);
  std::set<int64_t> sums;
  for (int q = 0; q < ranks.ranks(); ++q) {
    const ExchangePlan& plan = ranks.forward[q];
    ASSERT_EQ(std::ssize(plan.send_ids), plan.rows_sent());
    ASSERT_EQ(plan.gather.rows(), plan.rows_sent());
    for (int64_t k = 0; k < plan.rows_sent(); ++k) {
      const int64_t first = plan.gather.indptr[k], terms = plan.gather.indptr[k + 1] - first;
      if (plan.send_ids[k] < kNodes) {
        ASSERT_EQ(terms, 1);
        EXPECT_EQ(ranks.shards[q].owned[plan.gather.indices[first]], plan.send_ids[k]);
        EXPECT_EQ(plan.gather.view().value(first), 1.0f);
      } else {
        EXPECT_GE(terms, 2) << "its source alone would do";
        EXPECT_TRUE(sums.insert(plan.send_ids[k]).second);
      }
    }
    for (int r = 0; r < ranks.ranks(); ++r) {
      const auto sent = [&](const std::vector<ExchangePlan>& plans) {
        const auto begin = plans[q].send_ids.begin();
        return std::vector(begin + plans[q].send_offsets[r], begin + plans[q].send_offsets[r + 1]);
      };
      const auto received = [&](const std::vector<ExchangePlan>& plans) {
        const auto begin = plans[r].receive_ids.begin();
        return std::vector(begin + plans[r].receive_offsets[q], begin + plans[r].receive_offsets[q + 1]);
      };
      EXPECT_EQ(sent(ranks.forward), received(ranks.forward));
      EXPECT_EQ(sent(ranks.backward), received(ranks.backward));
    }
  }
  EXPECT_EQ(sums.empty(), std::get<RowChoice>(GetParam()) == RowChoice::sources || ranks.ranks() == 1);
}

/// The edges from rank q to rank r, as (sources, destinations).
Csr edges_between(const Csr& matrix, const Partition& partition, int q, int r) {
  std::vector<Edge> edges;
  for (int64_t i = 0; i < matrix.rows(); ++i) {
    for (int64_t e = matrix.indptr[i]; e < matrix.indptr[i + 1]; ++e) {
      const int32_t j = matrix.indices[e];
      if (partition.part_of[i] == r && partition.part_of[j] == q) edges.emplace_back(j, i);
    }
  }
  return build_graph(matrix.rows(), edges, {}, {.symmetrise = false}).adjacency;
}

TEST_P(EveryPlan, SendsAsFewRowsAsItsChoiceAllows) {
  const PlannedWorld ranks = world(2);
  for (int q = 0; q < ranks.ranks(); ++q) {
    for (int r = 0; r < ranks.ranks(); ++r) {
      const Csr edges = q == r ? Csr{} : edges_between(matrix, partition, q, r);
      int64_t least = 0;
      for (int64_t j = 0; j < edges.rows(); ++j) least += edges.indptr[j + 1] > edges.indptr[j];
      if (std::get<RowChoice>(GetParam()) == RowChoice::cover) {
        const std::vector<int32_t> mates = maximum_matching(edges);
        least = std::count_if(mates.begin(), mates.end(), [](int32_t mate) { return mate >= 0; });
      }
      EXPECT_EQ(ranks.forward[q].send_offsets[r + 1] - ranks.forward[q].send_offsets[r], least) << q << " to " << r;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, EveryPlan,
    ::testing::Combine(::testing::Values(RowChoice::sources, RowChoice::cover), ::testing::Bool(), ::testing::Bool(),
                       ::testing::Values(Normalisation::symmetric, Normalisation::mean, Normalisation::none),
                       ::testing::Values(1, 2, 3, 4)));

TEST(ExchangePlan, OfSourcesReceivesTheHaloAsItIs) {
  const Csr matrix =
      aggregation_operator(reference::random_graph(kNodes, 170, true, true, 3, 1), Normalisation::symmetric);
  const PlannedWorld ranks = plan_world(matrix, reference::random_parts(kNodes, 3, 2), RowChoice::sources);
  for (int r = 0; r < 3; ++r) {
    const ExchangePlan& plan = ranks.forward[r];
    const Shard& shard = ranks.shards[r];
    EXPECT_FALSE(plan.gather.weighted()) << "selections are encoded without being copied";
    EXPECT_EQ(plan.receive_ids, shard.halo);
    EXPECT_EQ(plan.receive_offsets, shard.halo_offsets);
    EXPECT_EQ(plan.scatter.indptr, shard.remote.indptr);
    EXPECT_EQ(plan.scatter.indices, shard.remote.indices);
    EXPECT_EQ(plan.scatter.values, shard.remote.values);
  }
}

/// Node 0 of rank 0 goes to all nodes of rank 1; all nodes of rank 1 go to node 1 of rank 0.
TEST(ExchangePlan, CoversStarsByTheirCentres) {
  std::vector<Edge> edges;
  for (int64_t v = 2; v < 8; ++v) {
    edges.emplace_back(0, v);
    edges.emplace_back(v, 1);
  }
  const Csr matrix = aggregation_operator(build_graph(8, edges, {}, {.symmetrise = false}), Normalisation::mean);
  const PlannedWorld ranks = plan_world(matrix, {2, {0, 0, 1, 1, 1, 1, 1, 1}}, RowChoice::cover);
  EXPECT_EQ(ranks.forward[0].send_ids, std::vector<int64_t>{0});
  EXPECT_EQ(ranks.forward[1].send_ids, std::vector<int64_t>{1 + 8 * 2});
  EXPECT_EQ(ranks.forward[1].gather.nnz(), 6);
  EXPECT_EQ(ranks.forward[0].scatter.values, std::vector<float>{1.0f});
}

TEST(ExchangePlan, SaysWhoSentAMalformedRequest) {
  const Csr matrix =
      aggregation_operator(reference::random_graph(kNodes, 170, true, true, 3, 1), Normalisation::symmetric);
  const Partition partition = reference::random_parts(kNodes, 2, 2);
  for (const size_t length : {1, 8, 24, 39, 48, 80}) {
    EXPECT_THROW(run_thread_ranks(2, 1,
                                  [&](Communicator& communicator) {
                                    Channel channel(communicator);
                                    const Shard shard =
                                        build_shard(matrix, partition, channel.rank(), Ordering::none, 1);
                                    if (channel.rank() == 0) {
                                      plan_forward(shard, channel);
                                    } else {
                                      const std::vector<std::byte> ones(length, std::byte{1});
                                      all_to_all(channel, Traffic::setup, {ones, {}});
                                    }
                                  }),
                 RunError)
        << length;
  }
}

}  // namespace
}  // namespace tersegraph
