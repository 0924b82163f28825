#include "graph/stream_partition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "graph/cluster_graph.h"
#include "graph/generators.h"
#include "graph/partition.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

/// Nodes of one community have most of their edges among themselves; ids say nothing of it.
Graph communities(int64_t nodes, int64_t size, int inside, int outside, uint64_t seed) {
  std::vector<int64_t> name(nodes);
  std::iota(name.begin(), name.end(), 0);
  Random random(seed, Purpose::shuffle);
  for (int64_t v = nodes - 1; v > 0; --v) std::swap(name[v], name[random.below(v + 1)]);
  std::vector<Edge> edges;
  for (int64_t v = 0; v < nodes; ++v) {
    const int64_t first = v / size * size, there = std::min(size, nodes - first);
    for (int k = 0; k < inside; ++k) edges.push_back({name[v], name[first + random.below(there)]});
    for (int k = 0; k < outside; ++k) edges.push_back({name[v], name[random.below(nodes)]});
  }
  return build_graph(nodes, edges, {}, {.symmetrise = true});
}

class StreamedParts : public ::testing::TestWithParam<int> {};

TEST_P(StreamedParts, NeedHardlyMoreHaloRowsThanMetisAndAreBalanced) {
  const int parts = GetParam();
  const Graph graphs[] = {communities(6000, 150, 6, 1, 1), communities(5000, 40, 5, 2, 2),
                          reference::random_graph(3000, 12000, false, false, 0, 3),
                          reference::random_graph(3000, 12000, true, false, 0, 4)};
  for (const Graph& graph : graphs) {
    const PartitionFacts metis = inspect(graph, make_partition(graph, parts, PartitionMethod::metis_cut, 1));
    const Partition partition = make_partition(graph, parts, PartitionMethod::stream, 1);
    const PartitionFacts facts = inspect(graph, partition);
    EXPECT_LE(static_cast<double>(facts.halo_rows), 1.25 * static_cast<double>(metis.halo_rows));
    EXPECT_LE(facts.largest_part, 1.05 * static_cast<double>(graph.nodes()) / parts + 1);
    EXPECT_GE(facts.smallest_part, 1);
    EXPECT_EQ(make_partition(graph, parts, PartitionMethod::stream, 1).part_of, partition.part_of);
  }
}
INSTANTIATE_TEST_SUITE_P(Parts, StreamedParts, ::testing::Values(2, 3, 8, 16));

TEST(StreamPartition, StarsPathsAndNodesWithoutEdges) {
  std::vector<Edge> star, path;
  for (int64_t v = 1; v < 200; ++v) star.push_back({0, v}), path.push_back({v - 1, v});
  for (const auto& edges : {star, path, std::vector<Edge>{}}) {
    const Graph graph = build_graph(200, edges, {}, {.symmetrise = true});
    for (const int parts : {1, 2, 7, 200}) {
      const PartitionFacts facts = inspect(graph, make_partition(graph, parts, PartitionMethod::stream, 1));
      EXPECT_GE(facts.smallest_part, 1);
      EXPECT_LE(facts.largest_part, 1.05 * 200.0 / parts + 1);
    }
  }
  const Graph line = build_graph(200, path, {}, {.symmetrise = true});
  EXPECT_LE(inspect(line, make_partition(line, 2, PartitionMethod::stream, 1)).halo_rows, 20);
}

TEST(ClusterLinks, CountsEdgesOfPairsInSymmetricRows) {
  Random random(5, Purpose::shuffle);
  ClusterLinks links(100);
  std::map<std::pair<int32_t, int32_t>, int32_t> expected;
  for (int k = 0; k < 2'500'000; ++k) {  // more than one buffer
    const auto a = static_cast<int32_t>(random.below(6)), b = static_cast<int32_t>(random.below(6));
    if (a == b) continue;
    links.add(a, b);
    ++expected[{a, b}], ++expected[{b, a}];
  }
  EXPECT_FALSE(links.full());
  const ClusterLinks::Graph graph = links.graph(7);
  std::map<std::pair<int32_t, int32_t>, int32_t> found;
  for (int32_t a = 0; a < 7; ++a) {
    for (int64_t e = graph.pattern.indptr[a]; e < graph.pattern.indptr[a + 1]; ++e) {
      EXPECT_TRUE(e == graph.pattern.indptr[a] || graph.pattern.indices[e - 1] < graph.pattern.indices[e]);
      found[{a, graph.pattern.indices[e]}] = graph.edges[e];
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(ClusterLinks, SaysWhenThereAreTooManyPairs) {
  ClusterLinks links(10);
  for (int32_t round = 0; round < 100'000 && !links.full(); ++round) {
    for (int32_t a = 1; a < 20; ++a) links.add(0, a);
  }
  EXPECT_TRUE(links.full());
}

}  // namespace
}  // namespace tersegraph
