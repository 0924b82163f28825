#include <gtest/gtest.h>

#include "graph/graph.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

TEST(Inspect, CountsByHand) {
  // 0: loop only; 1 <-> 2; 2 -> 1 twice; 3: nothing; 4 -> 1.
  const Graph graph{Csr{5, {0, 1, 2, 4, 4, 5}, {0, 2, 1, 1, 1}, {}}, true};
  const GraphFacts facts = inspect(graph);
  EXPECT_EQ(facts.isolated, 2);
  EXPECT_EQ(facts.self_loops, 1);
  EXPECT_EQ(facts.duplicates, 1);
  EXPECT_EQ(facts.max_degree, 2);
  EXPECT_FALSE(facts.symmetric);
  EXPECT_TRUE(facts.sorted);
}

TEST(Inspect, SeesUnsortedRows) {
  const Graph graph{Csr{3, {0, 2, 4, 6}, {2, 1, 2, 0, 1, 0}, {}}, false};
  const GraphFacts facts = inspect(graph);
  EXPECT_FALSE(facts.sorted);
  EXPECT_TRUE(facts.symmetric);
  EXPECT_EQ(facts.duplicates, 0);
}

TEST(Inspect, OfAnEmptyGraph) {
  const GraphFacts facts = inspect(Graph());
  EXPECT_EQ(facts.isolated, 0);
  EXPECT_EQ(facts.max_degree, 0);
  EXPECT_TRUE(facts.symmetric);
}

TEST(Inspect, AnswersSymmetryLikeTheTranspose) {
  int symmetric = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const Graph graph = reference::random_graph(5, 4, true, seed % 2 == 1, 1, seed);
    const Csr t = transpose(graph.adjacency);
    const bool expected = t.indices == graph.adjacency.indices && t.indptr == graph.adjacency.indptr &&
                          t.values == graph.adjacency.values;
    EXPECT_EQ(inspect(graph).symmetric, expected);
    symmetric += expected;
  }
  EXPECT_GT(symmetric, 0);
  EXPECT_LT(symmetric, 200);
}

TEST(Inspect, WeightsCountForSymmetry) {
  EXPECT_TRUE(inspect(Graph{Csr{2, {0, 1, 2}, {1, 0}, {3, 3}}, false}).symmetric);
  EXPECT_FALSE(inspect(Graph{Csr{2, {0, 1, 2}, {1, 0}, {3, 4}}, false}).symmetric);
}

TEST(Inspect, SymmetrisedGraphsAreSymmetric) {
  const GraphFacts facts = inspect(reference::random_graph(50, 300, false, true, 7, 1));
  EXPECT_TRUE(facts.symmetric);
  EXPECT_TRUE(facts.sorted);
  EXPECT_EQ(facts.self_loops, 0);
  EXPECT_EQ(facts.duplicates, 0);
  EXPECT_GE(facts.isolated, 7);
}

}  // namespace
}  // namespace tersegraph
