#include "graph/reorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "graph/generators.h"
#include "graph/grid_graph.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

constexpr Ordering kOrderings[] = {Ordering::none, Ordering::rcm, Ordering::clusters, Ordering::automatic};

std::vector<int32_t> natural(int64_t rows) {
  std::vector<int32_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

void expect_permutation(std::vector<int32_t> order, int64_t rows) {
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, natural(rows));
}

std::vector<int64_t> positions(const std::vector<int32_t>& order) {
  std::vector<int64_t> position(order.size());
  for (size_t k = 0; k < order.size(); ++k) position[order[k]] = static_cast<int64_t>(k);
  return position;
}

/// max |i - j| over the entries, in this order.
int64_t bandwidth(CsrView a, const std::vector<int32_t>& order) {
  const std::vector<int64_t> position = positions(order);
  int64_t widest = 0;
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e)
      widest = std::max(widest, std::abs(position[i] - position[a.indices[e]]));
  }
  return widest;
}

Csr permuted(CsrView a, const std::vector<int32_t>& order) {
  const std::vector<int64_t> position = positions(order);
  std::vector<Edge> edges;
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e) edges.emplace_back(position[i], position[a.indices[e]]);
  }
  return build_graph(a.rows, edges, {}, {}).adjacency;
}

TEST(LocalityOrder, IsAPermutation) {
  for (const Ordering ordering : kOrderings) {
    for (const bool directed : {false, true}) {
      const Csr a =
          aggregation_operator(reference::random_graph(300, 500, directed, true, 30, 4), Normalisation::symmetric);
      const std::vector<int32_t> order = locality_order(a, ordering, 1);
      expect_permutation(order, 300);
      EXPECT_EQ(order, locality_order(a, ordering, 1));
    }
    EXPECT_TRUE(locality_order(CsrView(), ordering, 1).empty());
    expect_permutation(locality_order(Csr{1, {0, 0}, {}, {}}, ordering, 1), 1);
  }
}

TEST(LocalityOrder, NoneKeepsTheOrder) {
  const Graph grid = grid_graph(10, shuffled_names(100, 1));
  EXPECT_EQ(locality_order(grid.adjacency, Ordering::none, 1), natural(100));
}

TEST(LocalityOrder, CuthillMcKeeFindsAPath) {
  const std::vector<int64_t> names = shuffled_names(500, 3);
  std::vector<Edge> edges;
  for (int64_t v = 0; v + 1 < 500; ++v) edges.emplace_back(names[v], names[v + 1]);
  const Csr path = build_graph(500, edges, {}, {}).adjacency;
  EXPECT_EQ(bandwidth(path, locality_order(path, Ordering::rcm, 1)), 1);
}

TEST(LocalityOrder, CuthillMcKeeNarrowsAGridToAboutItsSide) {
  const Csr grid = grid_graph(40, shuffled_names(1600, 3)).adjacency;
  EXPECT_GT(bandwidth(grid, natural(1600)), 1000);
  EXPECT_LE(bandwidth(grid, locality_order(grid, Ordering::rcm, 1)), 60);
}

TEST(LocalityOrder, ClustersKeepPlantedOnesTogether) {
  constexpr int64_t kNodes = 6000, kSize = 100;
  const std::vector<int64_t> names = shuffled_names(kNodes, 5);
  Random random(1, Purpose::generator);
  std::vector<Edge> edges;
  for (int64_t k = 0; k < 10 * kNodes; ++k) {
    const int64_t u = random.below(kNodes);
    edges.emplace_back(names[u], names[u / kSize * kSize + random.below(kSize)]);
  }
  const Csr a = build_graph(kNodes, edges, {}, {}).adjacency;
  const std::vector<int64_t> position = positions(locality_order(a, Ordering::clusters, 1));
  int64_t near = 0;
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e)
      near += std::abs(position[i] - position[a.indices[e]]) < 4 * kSize;
  }
  EXPECT_GT(static_cast<double>(near) / static_cast<double>(a.nnz()), 0.95);
}

TEST(LocalityOrder, AutomaticHelpsAShuffledGridAndLeavesASortedOneAlone) {
  constexpr int64_t kSide = 120, kNodes = kSide * kSide;
  const Csr shuffled = grid_graph(kSide, shuffled_names(kNodes, 7)).adjacency;
  const double before = miss_share(shuffled);
  const double after = miss_share(permuted(shuffled, locality_order(shuffled, Ordering::automatic, 1)));
  EXPECT_LT(after, 0.6 * before);
  const Csr sorted = grid_graph(kSide, natural_names(kNodes)).adjacency;
  EXPECT_EQ(locality_order(sorted, Ordering::automatic, 1), natural(kNodes));
}

TEST(LocalityOrder, AutomaticLeavesSmallMatricesAlone) {
  const Csr grid = grid_graph(50, shuffled_names(2500, 1)).adjacency;
  EXPECT_EQ(locality_order(grid, Ordering::automatic, 1), natural(2500));
}

TEST(MissShare, CountsColumnsNotReadLately) {
  EXPECT_EQ(miss_share(Csr{3, {0, 2, 4}, {0, 1, 0, 1}, {}}), 0.5);
  EXPECT_EQ(miss_share(Csr{3, {0, 0}, {}, {}}), 0.0);
}

TEST(ParseOrdering, KnowsItsWords) {
  EXPECT_EQ(parse_ordering("none"), Ordering::none);
  EXPECT_EQ(parse_ordering("rcm"), Ordering::rcm);
  EXPECT_EQ(parse_ordering("clusters"), Ordering::clusters);
  EXPECT_EQ(parse_ordering("auto"), Ordering::automatic);
  EXPECT_THROW(parse_ordering("metis"), InputError);
}

}  // namespace
}  // namespace tersegraph
