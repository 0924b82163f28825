#include "graph/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "reference/dense_matrix.h"
#include "reference/expect_equal.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

using reference::Dense;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

Dense rows_of(const Dense& x, const std::vector<int64_t>& ids) {
  Dense rows(std::ssize(ids), x.cols);
  for (int64_t k = 0; k < rows.rows; ++k) {
    for (int64_t j = 0; j < x.cols; ++j) rows(k, j) = x(ids[k], j);
  }
  return rows;
}

void expect_rows_ascend(CsrView a) {
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i) + 1; e < a.end(i); ++e) EXPECT_LT(a.indices[e - 1], a.indices[e]);
  }
}

/// Halo rows come by owner, then by id, once each, and offsets say where an owner's begin.
void expect_halo_in_order(const Shard& shard, const Partition& partition) {
  ASSERT_EQ(std::ssize(shard.halo_offsets), partition.parts + 1);
  EXPECT_EQ(shard.halo_offsets.front(), 0);
  EXPECT_EQ(shard.halo_offsets.back(), shard.halo_count());
  for (int q = 0; q < partition.parts; ++q) {
    for (int64_t k = shard.halo_offsets[q]; k < shard.halo_offsets[q + 1]; ++k) {
      EXPECT_EQ(partition.part_of[shard.halo[k]], q);
    }
    const auto begin = shard.halo.begin() + shard.halo_offsets[q], end = shard.halo.begin() + shard.halo_offsets[q + 1];
    EXPECT_EQ(std::adjacent_find(begin, end, std::greater_equal<>()), end);
  }
  EXPECT_EQ(shard.halo_offsets[shard.rank], shard.halo_offsets[shard.rank + 1]);
}

/// Weighted loops included: the graph's own rows, cut and then normalised, are the operator's.
TEST(Shard, NormalisedAfterTheCutAsBefore) {
  constexpr int64_t kNodes = 40;
  for (const bool directed : {false, true}) {
    for (const bool weighted : {false, true}) {
      Random random = reference::numbers(directed + 2 * weighted);
      std::vector<Edge> edges = {{4, 4}, {9, 9}};
      for (int k = 0; k < 120; ++k) edges.emplace_back(random.below(kNodes - 2), random.below(kNodes - 2));
      std::vector<float> weights;
      for (size_t k = 0; weighted && k < edges.size(); ++k) {
        weights.push_back(static_cast<float>(0.1 + random.uniform()));
      }
      const Graph graph = build_graph(kNodes, edges, weights, {.symmetrise = !directed, .remove_self_loops = false});
      const Csr in_neighbours = aggregation_operator(graph, Normalisation::none);
      const std::vector<double> degrees = degrees_with_loops(in_neighbours);
      const Partition partition = reference::random_parts(kNodes, 3, 7);
      for (const Normalisation kind : {Normalisation::symmetric, Normalisation::mean, Normalisation::random_walk}) {
        const Csr a = aggregation_operator(graph, kind);
        for (int rank = 0; rank < 3; ++rank) {
          const Shard expected = build_shard(a, partition, rank, Ordering::none, 0);
          Shard shard = build_shard(in_neighbours, partition, rank, Ordering::none, 0);
          std::vector<double> halo_degrees;
          for (const int64_t u : shard.halo) halo_degrees.push_back(degrees[u]);
          normalise(shard, halo_degrees, kind);
          expect_equal(shard.local, expected.local);
          expect_equal(shard.remote, expected.remote);
        }
      }
    }
  }
}

class ShardOrdering : public testing::TestWithParam<Ordering> {};

TEST_P(ShardOrdering, ShardsTogetherAreTheOperator) {
  constexpr int64_t kNodes = 60;
  const Dense x = reference::dense_of(reference::random_matrix(kNodes, 3, 8));
  for (int parts = 1; parts <= 5; ++parts) {
    for (const bool directed : {false, true}) {
      const Graph graph = reference::random_graph(kNodes, 150, directed, true, 6, parts);
      const Partition partition = reference::random_parts(kNodes, parts, 3);
      const Csr a = aggregation_operator(graph, directed ? Normalisation::mean : Normalisation::symmetric);
      const Dense expected = reference::multiply(reference::dense_of(a.view()), x);
      int64_t owned = 0, entries = 0;
      for (int rank = 0; rank < parts; ++rank) {
        const Shard shard = build_shard(a, partition, rank, GetParam(), 1);
        EXPECT_EQ(shard.rank, rank);
        EXPECT_EQ(shard.ranks, parts);
        EXPECT_EQ(shard.global_nodes, kNodes);
        for (const int64_t v : shard.owned) EXPECT_EQ(partition.part_of[v], rank);
        expect_halo_in_order(shard, partition);
        expect_rows_ascend(shard.local);
        expect_rows_ascend(shard.remote);
        const Dense found =
            reference::sum(reference::multiply(reference::dense_of(shard.local.view()), rows_of(x, shard.owned)),
                           reference::multiply(reference::dense_of(shard.remote.view()), rows_of(x, shard.halo)));
        EXPECT_LT(reference::relative_error(found, rows_of(expected, shard.owned)), 1e-12);
        owned += shard.owned_count();
        entries += shard.local.nnz() + shard.remote.nnz();
      }
      EXPECT_EQ(owned, kNodes);
      EXPECT_EQ(entries, a.nnz());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Orderings, ShardOrdering,
                         testing::Values(Ordering::none, Ordering::rcm, Ordering::clusters, Ordering::automatic));

/// 0 - 1 - 2 - 3 and the lone node 4, in two parts: {0, 1, 4} and {2, 3}.
const Graph& path() {
  static const Graph graph = build_graph(5, std::vector<Edge>{{0, 1}, {1, 2}, {2, 3}}, {}, {});
  return graph;
}
const Partition kHalves{2, {0, 0, 1, 1, 0}};

TEST(BuildShard, OfAPathByHand) {
  const Shard shard = build_shard(aggregation_operator(path(), Normalisation::none), kHalves, 0, Ordering::none, 1);
  EXPECT_THAT(shard.owned, ElementsAre(0, 1, 4));
  EXPECT_THAT(shard.halo, ElementsAre(2));
  EXPECT_THAT(shard.halo_offsets, ElementsAre(0, 0, 1));
  EXPECT_THAT(shard.local.indptr, ElementsAre(0, 1, 2, 2));
  EXPECT_THAT(shard.local.indices, ElementsAre(1, 0));
  EXPECT_THAT(shard.remote.indptr, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(shard.remote.indices, ElementsAre(0));
  EXPECT_FALSE(shard.local.weighted());
  EXPECT_EQ(marginal_count(shard), 1);
}

TEST(BuildShard, OneRankHasNoHalo) {
  const Shard shard =
      build_shard(aggregation_operator(path(), Normalisation::symmetric), {1, {0, 0, 0, 0, 0}}, 0, Ordering::none, 1);
  EXPECT_THAT(shard.halo, IsEmpty());
  EXPECT_EQ(shard.remote.rows(), 5);
  EXPECT_EQ(shard.remote.nnz(), 0);
  EXPECT_EQ(marginal_count(shard), 0);
}

TEST(BuildShard, HaloIsThatOfThePartitionsFacts) {
  const Graph graph = reference::random_graph(100, 200, true, false, 10, 2);
  const Partition partition = reference::random_parts(100, 4, 1);
  const Csr a = aggregation_operator(graph, Normalisation::none);
  int64_t halo = 0, cut = 0;
  for (int rank = 0; rank < 4; ++rank) {
    const Shard shard = build_shard(a, partition, rank, Ordering::none, 1);
    halo += shard.halo_count();
    cut += shard.remote.nnz();
  }
  EXPECT_EQ(halo, inspect(graph, partition).halo_rows);
  EXPECT_EQ(cut, inspect(graph, partition).cut_edges);
}

TEST(BuildShard, RefusesRanksAndPartitionsThatDoNotFit) {
  const Csr a = aggregation_operator(path(), Normalisation::none);
  EXPECT_THAT(
      [&] {
        build_shard(a, Partition{3, {0, 0, 2, 2, 0}}, 1, Ordering::none, 1);
      },
      ThrowsMessage<InputError>(HasSubstr("rank 1 owns no node")));
  EXPECT_THROW(build_shard(a, kHalves, 2, Ordering::none, 1), InputError);
  EXPECT_THROW(build_shard(a, kHalves, -1, Ordering::none, 1), InputError);
  EXPECT_THROW(build_shard(a, Partition{2, {0, 1}}, 0, Ordering::none, 1), InputError);
}

TEST(LocalRows, FindWhereNodesLie) {
  const Graph graph = reference::random_graph(50, 100, false, false, 5, 2);
  const Shard shard = build_shard(aggregation_operator(graph, Normalisation::symmetric),
                                  reference::random_parts(50, 2, 1), 1, Ordering::rcm, 1);
  std::vector<int64_t> ids(shard.owned.rbegin(), shard.owned.rend());
  const std::vector<int32_t> rows = local_rows(shard, ids);
  ASSERT_EQ(rows.size(), ids.size());
  for (size_t k = 0; k < ids.size(); ++k) EXPECT_EQ(shard.owned[rows[k]], ids[k]);
  EXPECT_THAT(local_rows(shard, {}), IsEmpty());
}

TEST(LocalRows, RefuseNodesOfOthers) {
  const Shard shard = build_shard(aggregation_operator(path(), Normalisation::none), kHalves, 0, Ordering::none, 1);
  EXPECT_THAT(
      [&] {
        local_rows(shard, std::vector<int64_t>{0, 2});
      },
      ThrowsMessage<RunError>(HasSubstr("node 2, which it does not own")));
  EXPECT_THROW(local_rows(shard, std::vector<int64_t>{99}), RunError);
}

}  // namespace
}  // namespace tersegraph
