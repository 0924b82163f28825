#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "graph/graph.h"

namespace tersegraph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

struct EdgeList {
  std::vector<Edge> edges;
  std::vector<float> weights;
};

EdgeList random_edges(int64_t nodes, int64_t count, bool weighted, uint64_t seed) {
  Random random(seed, Purpose::generator);
  EdgeList list;
  for (int64_t k = 0; k < count; ++k) {
    list.edges.emplace_back(random.below(nodes), random.below(nodes));
    if (weighted) list.weights.push_back(static_cast<float>(random.uniform() + 0.1));
  }
  return list;
}

/// What build_graph promises, by a map from (row, column) to the weight that came first.
std::map<Edge, float> model(const EdgeList& list, const BuildOptions& options) {
  std::map<Edge, float> entries;
  for (size_t k = 0; k < list.edges.size(); ++k) {
    const auto [u, v] = list.edges[k];
    if (u == v && options.remove_self_loops) continue;
    const float weight = list.weights.empty() ? 1.0f : list.weights[k];
    entries.emplace(Edge(u, v), weight);
    if (options.symmetrise) entries.emplace(Edge(v, u), weight);
  }
  return entries;
}

void expect_equals(const Graph& graph, const std::map<Edge, float>& expected) {
  const CsrView a = graph.adjacency;
  ASSERT_EQ(a.nnz(), static_cast<int64_t>(expected.size()));
  auto entry = expected.begin();
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e, ++entry) {
      EXPECT_EQ(entry->first, Edge(i, a.indices[e]));
      EXPECT_EQ(entry->second, a.value(e));
    }
  }
}

/// The edges as rows in the order in which they come.
Csr unsorted_csr(int64_t nodes, const EdgeList& list) {
  Csr a;
  a.cols = nodes;
  for (int64_t i = 0; i < nodes; ++i) {
    for (size_t k = 0; k < list.edges.size(); ++k) {
      if (list.edges[k].first != i) continue;
      a.indices.push_back(static_cast<int32_t>(list.edges[k].second));
      if (!list.weights.empty()) a.values.push_back(list.weights[k]);
    }
    a.indptr.push_back(static_cast<int64_t>(a.indices.size()));
  }
  return a;
}

/// The edge list that reads a CSR row by row.
EdgeList in_row_order(const EdgeList& list) {
  std::vector<size_t> order(list.edges.size());
  for (size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t x, size_t y) { return list.edges[x].first < list.edges[y].first; });
  EdgeList sorted;
  for (const size_t k : order) {
    sorted.edges.push_back(list.edges[k]);
    if (!list.weights.empty()) sorted.weights.push_back(list.weights[k]);
  }
  return sorted;
}

TEST(BuildGraph, EqualsAMapOfEdges) {
  for (int choice = 0; choice < 8; ++choice) {
    const BuildOptions options{.symmetrise = (choice & 1) != 0, .remove_self_loops = (choice & 2) != 0};
    for (uint64_t seed = 0; seed < 5; ++seed) {
      const EdgeList list = random_edges(30, 200, (choice & 4) != 0, seed);
      const Graph graph = build_graph(30, list.edges, list.weights, options);
      EXPECT_EQ(graph.directed, !options.symmetrise);
      EXPECT_EQ(graph.nodes(), 30);
      expect_equals(graph, model(list, options));
    }
  }
}

TEST(BuildGraph, FromACsrEqualsTheSameEdgesInRowOrder) {
  for (int choice = 0; choice < 8; ++choice) {
    const BuildOptions options{.symmetrise = (choice & 1) != 0, .remove_self_loops = (choice & 2) != 0};
    for (uint64_t seed = 0; seed < 5; ++seed) {
      const EdgeList list = random_edges(30, 200, (choice & 4) != 0, seed);
      const Graph graph = build_graph(unsorted_csr(30, list), options);
      EXPECT_EQ(graph.directed, !options.symmetrise);
      expect_equals(graph, model(in_row_order(list), options));
    }
  }
}

TEST(BuildGraph, TakesOverACsrThatIsFine) {
  Csr a{3, {0, 1, 3, 4}, {1, 0, 2, 1}, {}};
  const int32_t* const indices = a.indices.data();
  const Graph graph = build_graph(std::move(a), {});
  EXPECT_EQ(graph.adjacency.indices.data(), indices);
  EXPECT_EQ(graph.edges(), 4);
}

TEST(BuildGraph, IsTheSameOnAnyNumberOfThreads) {
  const EdgeList list = random_edges(20000, 100000, true, 3);
  const int before = thread_count();
  set_thread_count(1);
  const Graph one = build_graph(20000, list.edges, list.weights, {});
  set_thread_count(3);
  const Graph three = build_graph(20000, list.edges, list.weights, {});
  set_thread_count(before);
  EXPECT_EQ(one.adjacency.indptr, three.adjacency.indptr);
  EXPECT_EQ(one.adjacency.indices, three.adjacency.indices);
  EXPECT_EQ(one.adjacency.values, three.adjacency.values);
}

TEST(BuildGraph, OfNodesWithoutEdges) {
  EXPECT_EQ(build_graph(0, {}, {}, {}).nodes(), 0);
  const Graph graph = build_graph(3, {}, {}, {});
  EXPECT_THAT(graph.adjacency.indptr, ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(graph.edges(), 0);
}

TEST(BuildGraph, RefusesNodesOutOfRange) {
  const auto with_edge = [](Edge edge) { return [edge] { build_graph(5, std::vector<Edge>{{0, 1}, edge}, {}, {}); }; };
  EXPECT_THAT(with_edge({2, 5}), ThrowsMessage<InputError>(HasSubstr("edge 1 is (2, 5), but nodes go from 0 to 4")));
  EXPECT_THROW(with_edge({-1, 2})(), InputError);
  EXPECT_THROW(build_graph(int64_t{1} << 31, {}, {}, {}), InputError);
  EXPECT_THROW(build_graph(-1, {}, {}, {}), InputError);
}

TEST(BuildGraph, RefusesWeightsThatDoNotFit) {
  EXPECT_THROW(build_graph(2, std::vector<Edge>{{0, 1}}, std::vector<float>{1, 2}, {}), InputError);
}

TEST(BuildGraph, RefusesACsrThatIsNoGraph) {
  EXPECT_THROW(build_graph(Csr{3, {0, 1}, {0}, {}}, {}), InputError);
  EXPECT_THAT(
      [] {
        build_graph(Csr{2, {0, 1, 2}, {1, 2}, {}}, {});
      },
      ThrowsMessage<InputError>(HasSubstr("entry 1 of the adjacency has column 2")));
}

TEST(SortAndDeduplicateRows, KeepsTheFirstOfDuplicates) {
  Csr a{4, {0, 4, 4, 6}, {3, 1, 3, 0, 2, 2}, {1, 2, 3, 4, 5, 6}};
  sort_and_deduplicate_rows(a);
  EXPECT_THAT(a.indptr, ElementsAre(0, 3, 3, 4));
  EXPECT_THAT(a.indices, ElementsAre(0, 1, 3, 2));
  EXPECT_THAT(a.values, ElementsAre(4, 2, 1, 5));
}

}  // namespace
}  // namespace tersegraph
