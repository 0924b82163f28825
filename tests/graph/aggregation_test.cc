#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "graph/graph.h"
#include "reference/dense_matrix.h"

namespace tersegraph {
namespace {

using reference::Dense;
using testing::ElementsAre;
using testing::FloatEq;

/// The formulas, dense: B(i, j) is the weight of the edge from j to i.
Dense expected_operator(const Graph& graph, Normalisation normalisation) {
  Dense b = reference::transposed(reference::dense_of(graph.adjacency.view()));
  if (normalisation == Normalisation::none) return b;
  std::vector<double> degree(b.rows, 0.0);
  for (int64_t i = 0; i < b.rows; ++i) {
    if (normalisation == Normalisation::mean) {
      b(i, i) = 0;
    } else if (b(i, i) == 0) {
      b(i, i) = 1;
    }
    for (int64_t j = 0; j < b.cols; ++j) degree[i] += b(i, j);
  }
  for (int64_t i = 0; i < b.rows; ++i) {
    for (int64_t j = 0; j < b.cols; ++j) {
      if (b(i, j) == 0) continue;
      b(i, j) /= normalisation == Normalisation::symmetric ? std::sqrt(degree[i] * degree[j]) : degree[i];
    }
  }
  return b;
}

Graph graph_with_loops(bool directed, bool weighted, uint64_t seed) {
  constexpr int64_t kNodes = 20, kIsolated = 3;
  Random random(seed, Purpose::generator);
  std::vector<Edge> edges;
  std::vector<float> weights;
  for (int k = 0; k < 60; ++k) {
    edges.emplace_back(random.below(kNodes - kIsolated), random.below(kNodes - kIsolated));
    if (weighted) weights.push_back(static_cast<float>(0.25 + 2 * random.uniform()));
  }
  edges.emplace_back(5, 5);
  if (weighted) weights.push_back(0.5f);
  return build_graph(kNodes, edges, weights, {.symmetrise = !directed, .remove_self_loops = false});
}

class AggregationOperator : public testing::TestWithParam<Normalisation> {};

TEST_P(AggregationOperator, EqualsTheDenseFormula) {
  for (const bool directed : {false, true}) {
    for (const bool weighted : {false, true}) {
      for (uint64_t seed = 0; seed < 5; ++seed) {
        const Graph graph = graph_with_loops(directed, weighted, seed);
        const Csr a = aggregation_operator(graph, GetParam());
        const Dense found = reference::dense_of(a.view()), expected = expected_operator(graph, GetParam());
        ASSERT_EQ(found.values.size(), expected.values.size());
        for (size_t k = 0; k < found.values.size(); ++k) EXPECT_NEAR(found.values[k], expected.values[k], 1e-6);
        for (int64_t i = 0; i < a.rows(); ++i) {
          EXPECT_TRUE(std::is_sorted(a.indices.begin() + a.indptr[i], a.indices.begin() + a.indptr[i + 1]));
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Normalisations, AggregationOperator,
                         testing::Values(Normalisation::symmetric, Normalisation::mean, Normalisation::random_walk,
                                         Normalisation::none));

TEST(AggregationOperator, OfADirectedPathByHand) {
  // 0 -> 1 -> 2: node 1 hears of 0 and node 2 of 1.
  const Graph path = build_graph(3, std::vector<Edge>{{0, 1}, {1, 2}}, {}, {.symmetrise = false});
  const Csr sum = aggregation_operator(path, Normalisation::none);
  EXPECT_THAT(sum.indptr, ElementsAre(0, 0, 1, 2));
  EXPECT_THAT(sum.indices, ElementsAre(0, 1));
  const Csr walk = aggregation_operator(path, Normalisation::random_walk);
  EXPECT_THAT(walk.indices, ElementsAre(0, 0, 1, 1, 2));
  EXPECT_THAT(walk.values, ElementsAre(1.0f, 0.5f, 0.5f, 0.5f, 0.5f));
  const float root = static_cast<float>(1 / std::sqrt(2));
  EXPECT_THAT(aggregation_operator(path, Normalisation::symmetric).values,
              ElementsAre(1.0f, FloatEq(root), FloatEq(0.5f), FloatEq(0.5f), FloatEq(0.5f)));
}

TEST(AggregationOperator, SymmetricOneIsExactlySymmetric) {
  EXPECT_TRUE(is_symmetric(aggregation_operator(graph_with_loops(false, false, 1), Normalisation::symmetric)));
}

TEST(AggregationOperator, EmptyNeighbourhoodsGiveNothingInTheMean) {
  const Csr a = aggregation_operator(build_graph(3, std::vector<Edge>{{0, 1}}, {}, {}), Normalisation::mean);
  EXPECT_THAT(a.indptr, ElementsAre(0, 1, 2, 2));
  const Csr gcn = aggregation_operator(build_graph(1, {}, {}, {}), Normalisation::symmetric);
  EXPECT_THAT(gcn.values, ElementsAre(1.0f));
}

TEST(AggregationOperator, DegreesThatAreNotPositiveGiveZeroNotNaN) {
  const Graph graph = build_graph(2, std::vector<Edge>{{0, 1}}, std::vector<float>{-1}, {});
  for (const Normalisation normalisation :
       {Normalisation::symmetric, Normalisation::mean, Normalisation::random_walk}) {
    for (const float value : aggregation_operator(graph, normalisation).values) EXPECT_EQ(value, 0.0f);
  }
}

TEST(AggregationOperator, StaysUnweightedWhereNothingIsScaled) {
  EXPECT_FALSE(aggregation_operator(graph_with_loops(true, false, 1), Normalisation::none).weighted());
}

}  // namespace
}  // namespace tersegraph
