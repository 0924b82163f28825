#include "graph/refine_volume.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "graph/generators.h"
#include "graph/grid_graph.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

/// Rows that each part sends and receives, counted one by one.
int64_t largest_volume(const Graph& graph, const Partition& partition) {
  std::set<std::tuple<int64_t, int32_t>> copies;
  for (int64_t u = 0; u < graph.nodes(); ++u) {
    for (int64_t e = graph.adjacency.indptr[u]; e < graph.adjacency.indptr[u + 1]; ++e) {
      const int32_t q = partition.part_of[graph.adjacency.indices[e]];
      if (q != partition.part_of[u]) copies.emplace(u, q);
    }
  }
  std::vector<int64_t> volume(partition.parts, 0);
  for (const auto& [u, q] : copies) {
    ++volume[partition.part_of[u]];
    ++volume[q];
  }
  return *std::max_element(volume.begin(), volume.end());
}

struct Sizes {
  std::vector<int64_t> nodes, edges;
};

Sizes sizes_of(const Graph& graph, const Partition& partition) {
  Sizes sizes{std::vector<int64_t>(partition.parts, 0), std::vector<int64_t>(partition.parts, 0)};
  for (const int32_t p : partition.part_of) ++sizes.nodes[p];
  for (const int32_t v : graph.adjacency.indices) ++sizes.edges[partition.part_of[v]];
  return sizes;
}

void expect_balanced(const std::vector<int64_t>& before, const std::vector<int64_t>& after) {
  int64_t total = 0;
  for (const int64_t size : before) total += size;
  const int64_t mean_and_a_bit = total * 105 / (100 * std::ssize(before));
  const int64_t largest = *std::max_element(before.begin(), before.end());
  EXPECT_LE(*std::max_element(after.begin(), after.end()), std::max(mean_and_a_bit, largest));
}

TEST(RefineVolume, LowersTheLargestVolumeAndKeepsTheBalance) {
  for (const bool directed : {false, true}) {
    for (const int parts : {2, 3, 8}) {
      for (uint64_t seed = 1; seed <= 5; ++seed) {
        const Graph graph = reference::random_graph(400, 900, directed, true, 20, seed);
        Partition partition = reference::random_parts(400, parts, seed);
        const int64_t before = largest_volume(graph, partition);
        const Sizes sizes = sizes_of(graph, partition);
        refine_volume(graph.adjacency, partition);
        const int64_t after = largest_volume(graph, partition);
        EXPECT_LT(after, before * 85 / 100) << parts;
        EXPECT_EQ(inspect(graph, partition).largest_volume, after);
        const Sizes refined = sizes_of(graph, partition);
        expect_balanced(sizes.nodes, refined.nodes);
        expect_balanced(sizes.edges, refined.edges);
        EXPECT_GT(*std::min_element(refined.nodes.begin(), refined.nodes.end()), 0);
      }
    }
  }
}

TEST(RefineVolume, SharesTheLoadOfTheBusiestPart) {
  const Graph sbm = generate_sbm({.nodes = 6000, .edges = 40000, .classes = 6, .homophily = 0.7}).graph;
  for (const int parts : {4, 8}) {
    const PartitionFacts cut = inspect(sbm, make_partition(sbm, parts, PartitionMethod::metis_cut, 1));
    const PartitionFacts refined = inspect(sbm, make_partition(sbm, parts, PartitionMethod::metis_refined, 1));
    EXPECT_LT(refined.largest_volume, cut.largest_volume) << parts;
  }
}

TEST(RefineVolume, NeverRaisesTheLargestVolumeOfAGoodPartition) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const Graph graph = reference::random_graph(60, 150, seed % 2 == 0, false, 0, seed);
    Partition partition = make_partition(graph, 4, PartitionMethod::metis_refined, seed);
    for (int again = 0; again < 3; ++again) {
      const int64_t before = largest_volume(graph, partition);
      refine_volume(graph.adjacency, partition);
      EXPECT_LE(largest_volume(graph, partition), before) << seed;
    }
  }
}

TEST(RefineVolume, LeavesAPerfectPartitionAlone) {
  const Graph grid = grid_graph(16, natural_names(256));
  Partition halves = make_partition(grid, 2, PartitionMethod::block, 1);
  const std::vector<int32_t> before = halves.part_of;
  refine_volume(grid.adjacency, halves);
  EXPECT_EQ(halves.part_of, before);
}

TEST(RefineVolume, LivesWithLoopsDuplicatesAndSinglePartsAndNodes) {
  const Csr untidy{4, {0, 3, 5, 6, 6}, {0, 1, 1, 3, 1, 2}, {}};
  for (const Partition& start : {Partition{1, {0, 0, 0, 0}}, Partition{2, {0, 1, 0, 1}}, Partition{4, {0, 1, 2, 3}}}) {
    Partition partition = start;
    refine_volume(untidy, partition);
    EXPECT_LE(largest_volume({untidy, true}, partition), largest_volume({untidy, true}, start));
    EXPECT_EQ(std::set(partition.part_of.begin(), partition.part_of.end()).size(), static_cast<size_t>(start.parts));
  }
}

}  // namespace
}  // namespace tersegraph
