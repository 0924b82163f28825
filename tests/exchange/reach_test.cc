#include "exchange/reach.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "comm/launch.h"
#include "reference/dense_gnn.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

using reference::Dense;

constexpr int64_t kNodes = 90;
constexpr int kLayers = 3;

/// The nodes whose h_l the loss of the training nodes depends on, by the powers of the dense operator.
std::vector<std::set<int64_t>> needed(const Dense& a, const std::vector<int64_t>& train) {
  std::vector<std::set<int64_t>> sets(kLayers + 1);
  sets[kLayers].insert(train.begin(), train.end());
  for (int l = kLayers - 1; l >= 0; --l) {
    sets[l] = sets[l + 1];
    for (const int64_t i : sets[l + 1]) {
      for (int64_t j = 0; j < kNodes; ++j) {
        if (a(i, j) != 0.0) sets[l].insert(j);
      }
    }
  }
  return sets;
}

class ReachOver : public ::testing::TestWithParam<int> {};

TEST_P(ReachOver, NeededRowsComeFirstAndTheOperatorIsTheSame) {
  const Csr matrix = aggregation_operator(reference::random_graph(kNodes, 70, true, true, 2, 3), Normalisation::mean);
  const Dense a = reference::dense_of(matrix.view());
  const std::vector<int64_t> train{1, 17, 40};
  const auto expected = needed(a, train);
  ASSERT_LT(expected[0].size(), kNodes * 7 / 10) << "the test shows nothing";
  run_thread_ranks(GetParam(), 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition partition = reference::random_parts(kNodes, channel.size(), 5);
    Shard shard = build_shard(matrix, partition, channel.rank(), Ordering::rcm, 1);
    const Reach reach = order_by_reach(shard, train, kLayers, channel);
    ASSERT_EQ(reach.layers(), kLayers);
    for (int l = 0; l <= kLayers; ++l) {
      for (int64_t i = 0; i < shard.owned_count(); ++i) {
        EXPECT_EQ(i < reach.rows[l], expected[l].contains(shard.owned[i])) << "layer " << l << ", row " << i;
      }
    }
    for (int64_t i = 0; i < shard.owned_count(); ++i) {
      std::vector<double> row(kNodes, 0.0);
      for (int64_t e = shard.local.indptr[i]; e < shard.local.indptr[i + 1]; ++e) {
        row[shard.owned[shard.local.indices[e]]] += shard.local.values[e];
        EXPECT_TRUE(e == shard.local.indptr[i] || shard.local.indices[e - 1] < shard.local.indices[e]);
      }
      for (int64_t e = shard.remote.indptr[i]; e < shard.remote.indptr[i + 1]; ++e) {
        row[shard.halo[shard.remote.indices[e]]] += shard.remote.values[e];
      }
      for (int64_t j = 0; j < kNodes; ++j) EXPECT_FLOAT_EQ(row[j], a(shard.owned[i], j));
    }
  });
}

TEST_P(ReachOver, WhereNearlyAllIsNeededCentralRowsComeFirst) {
  const Csr matrix =
      aggregation_operator(reference::random_graph(kNodes, 60, false, false, 0, 3), Normalisation::symmetric);
  std::vector<int64_t> train;
  for (int64_t v = 0; v < kNodes; ++v) {
    if (v % 10 != 0) train.push_back(v);
  }
  run_thread_ranks(GetParam(), 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition partition = reference::random_parts(kNodes, channel.size(), 5);
    Shard shard = build_shard(matrix, partition, channel.rank(), Ordering::rcm, 1);
    std::vector<int64_t> expected = shard.owned;
    std::stable_partition(expected.begin(), expected.end(), [&](int64_t v) {
      for (int64_t e = matrix.indptr[v]; e < matrix.indptr[v + 1]; ++e) {
        if (partition.part_of[matrix.indices[e]] != channel.rank()) return false;
      }
      return true;
    });
    const Reach reach = order_by_reach(shard, train, kLayers, channel);
    EXPECT_EQ(shard.owned, expected);
    for (const int64_t rows : reach.rows) EXPECT_EQ(rows, shard.owned_count());
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, ReachOver, ::testing::Values(1, 2, 4));

}  // namespace
}  // namespace tersegraph
