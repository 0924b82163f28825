#include "augment/ordered_aggregation.h"

#include <gtest/gtest.h>

#include "augment/augmented.h"

namespace tersegraph {
namespace {

using reference::dense_of;
using testing::same_bits;

Matrix forward(const Csr& a, const Partition& partition, const Matrix& x, Ordering ordering, int threads) {
  Matrix all(x.rows(), x.cols());
  run_thread_ranks(partition.parts, threads, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Shard shard = build_shard(a, partition, channel.rank(), ordering, 1);
    OrderedAggregation aggregation(shard, channel);
    Matrix mine(shard.owned_count(), x.cols()), y(shard.owned_count(), x.cols());
    for (int64_t i = 0; i < mine.rows(); ++i) std::copy_n(x.row(shard.owned[i]), x.cols(), mine.row(i));
    for (int repeat = 0; repeat < 2; ++repeat) {
      y.fill(3.0f);
      aggregation.forward(mine, y, Traffic::evaluation);
    }
    for (int64_t i = 0; i < y.rows(); ++i) std::copy_n(y.row(i), y.cols(), all.row(shard.owned[i]));
    EXPECT_EQ(channel.ledger().bytes(Traffic::evaluation) > 0, channel.size() > 1);
  });
  return all;
}

TEST(OrderedAggregation, IsTheProductAndTheSameBitsOnAnyRanks) {
  for (const bool directed : {false, true}) {
    for (const auto normalisation : {Normalisation::symmetric, Normalisation::none}) {
      const Graph graph = reference::random_graph(300, 2500, directed, directed, 5, 1);
      const Csr a = aggregation_operator(graph, normalisation);
      for (const int64_t cols : {1, 6, 33}) {
        const Matrix x = reference::random_matrix(300, cols, 2);
        const Matrix one = forward(a, {1, std::vector<int32_t>(300, 0)}, x, Ordering::none, 1);
        EXPECT_LT(relative_error(dense_of(one), multiply(dense_of(a.view()), dense_of(x))), 1e-6);
        EXPECT_TRUE(same_bits(one, forward(a, {1, std::vector<int32_t>(300, 0)}, x, Ordering::rcm, 2)));
        for (int ranks = 2; ranks <= 5; ++ranks) {
          const Partition parts = reference::random_parts(300, ranks, 3);
          EXPECT_TRUE(same_bits(one, forward(a, parts, x, ranks == 3 ? Ordering::rcm : Ordering::none, ranks - 1)));
        }
      }
    }
  }
}

}  // namespace
}  // namespace tersegraph
