#include "graph/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "graph/generators.h"
#include "graph/grid_graph.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr PartitionMethod kMethods[] = {PartitionMethod::metis_cut, PartitionMethod::metis_volume,
                                        PartitionMethod::metis_refined, PartitionMethod::random,
                                        PartitionMethod::block};

/// part_of is complete and every part owns a node.
void expect_covers(const Partition& partition, int64_t nodes, int parts) {
  EXPECT_EQ(partition.parts, parts);
  ASSERT_EQ(std::ssize(partition.part_of), nodes);
  std::set<int32_t> used(partition.part_of.begin(), partition.part_of.end());
  EXPECT_EQ(static_cast<int>(used.size()), parts);
  EXPECT_EQ(*used.begin(), 0);
  EXPECT_EQ(*used.rbegin(), parts - 1);
}

class EveryMethod : public testing::TestWithParam<PartitionMethod> {};

TEST_P(EveryMethod, CoversAllNodes) {
  for (const bool directed : {false, true}) {
    const Graph graph = reference::random_graph(200, 600, directed, true, 20, 5);
    for (const int parts : {1, 2, 3, 8}) expect_covers(make_partition(graph, parts, GetParam(), 1), 200, parts);
  }
}

TEST_P(EveryMethod, LivesWithAsManyPartsAsNodes) {
  const Graph graph = reference::random_graph(40, 100, false, false, 10, 5);
  for (const int parts : {30, 39, 40}) expect_covers(make_partition(graph, parts, GetParam(), 1), 40, parts);
}

TEST_P(EveryMethod, RefusesMorePartsThanNodes) {
  const Graph graph = build_graph(3, std::vector<Edge>{{0, 1}}, {}, {});
  EXPECT_THAT([&] { make_partition(graph, 4, GetParam(), 1); },
              ThrowsMessage<InputError>(HasSubstr("4 parts for 3 nodes")));
  EXPECT_THROW(make_partition(graph, 0, GetParam(), 1), InputError);
}

TEST_P(EveryMethod, RepeatsFromTheSameSeed) {
  const Graph graph = generate_sbm({.nodes = 2000, .edges = 10000}).graph;
  EXPECT_EQ(make_partition(graph, 5, GetParam(), 9).part_of, make_partition(graph, 5, GetParam(), 9).part_of);
}

TEST_P(EveryMethod, IsBalanced) {
  const Graph graph = generate_sbm({.nodes = 4000, .edges = 20000}).graph;
  const PartitionFacts facts = inspect(graph, make_partition(graph, 4, GetParam(), 1));
  EXPECT_LE(facts.largest_part, GetParam() == PartitionMethod::metis_refined ? 1050 : 1031);
  EXPECT_GT(facts.smallest_part, 900);
}

TEST_P(EveryMethod, LivesWithLoopsDuplicatesAndNoEdges) {
  const Graph untidy{Csr{4, {0, 3, 5, 6, 6}, {0, 1, 1, 3, 1, 2}, {}}, true};
  expect_covers(make_partition(untidy, 2, GetParam(), 1), 4, 2);
  expect_covers(make_partition(build_graph(6, {}, {}, {}), 3, GetParam(), 1), 6, 3);
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod, testing::ValuesIn(kMethods));

TEST(MakePartition, MetisCutsAGridFarBelowRandom) {
  const Graph grid = grid_graph(64, shuffled_names(64 * 64, 2));
  const PartitionFacts random = inspect(grid, make_partition(grid, 4, PartitionMethod::random, 1));
  const PartitionFacts cut = inspect(grid, make_partition(grid, 4, PartitionMethod::metis_cut, 1));
  const PartitionFacts volume = inspect(grid, make_partition(grid, 4, PartitionMethod::metis_volume, 1));
  EXPECT_LE(cut.cut_edges, 2 * 200);  // two straight cuts would take 2 * 128
  EXPECT_GT(random.cut_edges, 20 * cut.cut_edges);
  EXPECT_GT(random.halo_rows, 10 * volume.halo_rows);
}

TEST(MakePartition, MetisFindsTheClassesOfAHomophilousGraph) {
  const Graph sbm = generate_sbm({.nodes = 5000, .edges = 50000, .classes = 4, .homophily = 0.9}).graph;
  const PartitionFacts random = inspect(sbm, make_partition(sbm, 4, PartitionMethod::random, 1));
  const PartitionFacts metis = inspect(sbm, make_partition(sbm, 4, PartitionMethod::metis_cut, 1));
  EXPECT_NEAR(static_cast<double>(random.cut_edges) / static_cast<double>(sbm.edges()), 0.75, 0.02);
  EXPECT_LT(3 * metis.cut_edges, random.cut_edges);
}

TEST(MakePartition, BlocksAreConsecutive) {
  const Graph graph = build_graph(7, {}, {}, {});
  EXPECT_THAT(make_partition(graph, 3, PartitionMethod::block, 1).part_of, ElementsAre(0, 0, 0, 1, 1, 2, 2));
}

TEST(MakePartition, RandomDependsOnItsSeed) {
  const Graph graph = build_graph(1000, {}, {}, {});
  EXPECT_NE(make_partition(graph, 2, PartitionMethod::random, 1).part_of,
            make_partition(graph, 2, PartitionMethod::random, 2).part_of);
}

TEST(InspectPartition, ByHand) {
  // 0 - 1 | 2 - 3 with 0 - 2, 1 - 2: part 0 needs node 2, part 1 needs 0 and 1.
  const Graph graph = build_graph(4, std::vector<Edge>{{0, 1}, {2, 3}, {0, 2}, {1, 2}}, {}, {});
  const PartitionFacts facts = inspect(graph, {2, {0, 0, 1, 1}});
  EXPECT_EQ(facts.cut_edges, 4);
  EXPECT_EQ(facts.halo_rows, 3);
  EXPECT_EQ(facts.largest_halo, 2);
  EXPECT_EQ(facts.smallest_part, 2);
  EXPECT_EQ(facts.largest_part, 2);
}

TEST(InspectPartition, HaloOfADirectedGraphIsWhatFlowsIn) {
  // 0 -> 1, 0 -> 2: parts {1} and {2} need node 0, part {0} needs nothing.
  const Graph graph = build_graph(3, std::vector<Edge>{{0, 1}, {0, 2}}, {}, {.symmetrise = false});
  const PartitionFacts facts = inspect(graph, {3, {0, 1, 2}});
  EXPECT_EQ(facts.halo_rows, 2);
  EXPECT_EQ(facts.largest_halo, 1);
}

TEST(ParsePartitionMethod, KnowsItsWords) {
  EXPECT_EQ(parse_partition_method("metis"), PartitionMethod::metis_cut);
  EXPECT_EQ(parse_partition_method("metis-volume"), PartitionMethod::metis_volume);
  EXPECT_EQ(parse_partition_method("metis-refined"), PartitionMethod::metis_refined);
  EXPECT_EQ(parse_partition_method("random"), PartitionMethod::random);
  EXPECT_EQ(parse_partition_method("block"), PartitionMethod::block);
  EXPECT_THAT([] { parse_partition_method("Metis"); }, ThrowsMessage<InputError>(HasSubstr("'Metis'")));
}

}  // namespace
}  // namespace tersegraph
