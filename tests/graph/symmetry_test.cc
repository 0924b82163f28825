#include <gtest/gtest.h>

#include "graph/graph.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

TEST(IsSymmetric, AnswersLikeTheTranspose) {
  int symmetric = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const Graph graph = reference::random_graph(5, 4, true, seed % 2 == 1, 1, seed);
    const Csr t = transpose(graph.adjacency);
    const bool expected = t.indices == graph.adjacency.indices && t.indptr == graph.adjacency.indptr &&
                          t.values == graph.adjacency.values;
    EXPECT_EQ(is_symmetric(graph.adjacency), expected);
    symmetric += expected;
  }
  EXPECT_GT(symmetric, 0);
  EXPECT_LT(symmetric, 200);
}

TEST(IsSymmetric, WeightsCount) {
  EXPECT_TRUE(is_symmetric(Csr{2, {0, 1, 2}, {1, 0}, {3, 3}}));
  EXPECT_FALSE(is_symmetric(Csr{2, {0, 1, 2}, {1, 0}, {3, 4}}));
}

TEST(IsSymmetric, OfSymmetrisedAndOfEmptyGraphs) {
  EXPECT_TRUE(is_symmetric(reference::random_graph(50, 300, false, true, 7, 1).adjacency));
  EXPECT_TRUE(is_symmetric(Csr()));
}

}  // namespace
}  // namespace tersegraph
