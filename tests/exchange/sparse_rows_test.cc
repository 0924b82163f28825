#include "exchange/sparse_rows.h"

#include <gtest/gtest.h>

#include "base/byte_stream.h"
#include "comm/collectives.h"
#include "exchange/spread.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::dense_of;
using testing::RankOf;
using testing::Spread;

/// A third of the cells; every fifth row is empty; ones without stored values where not `weighted`.
Csr random_sparse(int64_t rows, int64_t cols, bool weighted, uint64_t seed) {
  Random random = reference::numbers(seed);
  Csr x;
  x.cols = cols;
  for (int64_t i = 0; i < rows; ++i) {
    for (int32_t c = 0; c < cols; ++c) {
      if (i % 5 == 2 || random.uniform() > 0.33) continue;
      x.indices.push_back(c);
      if (weighted) x.values.push_back(static_cast<float>(random.normal()));
    }
    x.indptr.push_back(static_cast<int64_t>(x.indices.size()));
  }
  return x;
}

Csr rows_of(const Csr& x, const std::vector<int64_t>& rows) {
  Csr part;
  part.cols = x.cols;
  for (const int64_t row : rows) {
    for (int64_t e = x.indptr[row]; e < x.indptr[row + 1]; ++e) {
      part.indices.push_back(x.indices[e]);
      if (x.weighted()) part.values.push_back(x.values[e]);
    }
    part.indptr.push_back(static_cast<int64_t>(part.indices.size()));
  }
  return part;
}

/// They are not shared, however the ranks stand.
TEST(SparseRows, AreTheDenseProductOnSeveralHosts) {
  const Graph graph = reference::random_graph(40, 90, true, true, 3, 1);
  const Csr x = random_sparse(40, 13, true, 3);
  for (const RowChoice rows : {RowChoice::sources, RowChoice::cover}) {
    const Spread spread{.matrix = aggregation_operator(graph, Normalisation::mean),
                        .partition = reference::random_parts(40, 3, 2),
                        .exchange = {.rows = rows},
                        .hosts = {0, 0, 1}};
    const Dense expected = multiply(dense_of(spread.matrix.view()), dense_of(x.view()));
    spread.run([&](RankOf& rank) {
      const Dense mine = dense_of(rank.aggregation.forward_sparse(rows_of(x, rank.shard.owned)).view());
      for (int64_t i = 0; i < mine.rows; ++i) {
        for (int64_t c = 0; c < mine.cols; ++c) EXPECT_NEAR(mine(i, c), expected(rank.shard.owned[i], c), 1e-5);
      }
    });
  }
}

class SparseForward : public ::testing::TestWithParam<std::tuple<bool, int>> {};

TEST_P(SparseForward, EqualsTheDenseProduct) {
  const auto& [weighted, ranks] = GetParam();
  const Graph graph = reference::random_graph(40, 90, true, true, 3, 1);
  const Spread spread{aggregation_operator(graph, Normalisation::mean), reference::random_parts(40, ranks, 2)};
  const Csr x = random_sparse(40, 13, weighted, 3);
  const Dense expected = multiply(dense_of(spread.matrix.view()), dense_of(x.view()));
  spread.run([&](RankOf& rank) {
    const Csr y = rank.aggregation.forward_sparse(rows_of(x, rank.shard.owned));
    const Dense mine = dense_of(y.view());
    ASSERT_EQ(mine.rows, rank.shard.owned_count());
    ASSERT_EQ(mine.cols, 13);
    for (int64_t i = 0; i < mine.rows; ++i) {
      for (int64_t c = 0; c < mine.cols; ++c) EXPECT_NEAR(mine(i, c), expected(rank.shard.owned[i], c), 1e-5);
      for (int64_t e = y.indptr[i] + 1; e < y.indptr[i + 1]; ++e) EXPECT_LT(y.indices[e - 1], y.indices[e]);
    }
    EXPECT_EQ(rank.channel.ledger().bytes(Traffic::layer0) > 0, rank.channel.size() > 1);
    EXPECT_EQ(rank.channel.ledger().bytes(Traffic::halo_forward), 0);
  });
}

INSTANTIATE_TEST_SUITE_P(All, SparseForward, ::testing::Combine(::testing::Bool(), ::testing::Values(1, 2, 4)));

/// What rank 0 makes of `bytes` that rank 1 sends for two rows.
std::string refusal(const std::vector<std::byte>& bytes) {
  const Spread spread{aggregation_operator(reference::random_graph(4, 4, true, true, 3, 1), Normalisation::mean),
                      Partition{2, {0, 0, 1, 1}}};
  std::string words;
  spread.run([&](RankOf& rank) {
    if (rank.channel.rank() == 1) {
      all_to_all(rank.channel, Traffic::setup, {bytes, {}});
      return;
    }
    ExchangePlan plan;
    plan.send_offsets = {0, 0, 0};
    plan.receive_offsets = {0, 0, 2};
    Csr x;
    x.cols = 2147483647;
    try {
      exchange_sparse_rows(plan, x, Traffic::setup, rank.channel);
    } catch (const RunError& error) {
      words = error.what();
    }
  });
  return words;
}

TEST(SparseRows, ThatClaimMoreThanTheyHoldOrHoldMore) {
  std::vector<std::byte> bytes;
  const int64_t counts[] = {0, 0, 2000000000};
  append_values(bytes, counts, 2);
  EXPECT_EQ(refusal(bytes), "");
  append_values(bytes, counts, 1);
  EXPECT_EQ(refusal(bytes), "rank 1 sent malformed sparse rows");
  bytes.clear();
  append_values(bytes, counts + 1, 2);
  EXPECT_EQ(refusal(bytes), "rank 1 sent malformed sparse rows");
}

}  // namespace
}  // namespace tersegraph
