// Lists of edges, which go through temporary files, against graphs that are built in memory.
#include <gmock/gmock.h>

#include "base/error.h"
#include "data/dataset_rows.h"
#include "data/npz_files.h"
#include "data/sorted_edges.h"
#include "reference/expect_equal.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

using namespace testing;
using ::testing::HasSubstr;

Csr rows_of(const SortedEdges& edges) {
  Csr a;
  a.cols = std::ssize(edges.indptr()) - 1;
  edges.read([&](int64_t i, std::span<const int32_t> columns, std::span<const float> values) {
    EXPECT_EQ(i, a.rows());
    a.indices.insert(a.indices.end(), columns.begin(), columns.end());
    a.values.insert(a.values.end(), values.begin(), values.end());
    a.indptr.push_back(std::ssize(a.indices));
  });
  return a;
}

struct Edges {
  std::vector<Edge> ends;
  std::vector<float> weights;
};

/// With repeated edges, both directions of some, and self loops.
Edges random_edges(int64_t nodes, int64_t count, uint64_t seed) {
  Random random = reference::numbers(seed);
  Edges edges;
  for (int64_t e = 0; e < count; ++e) {
    edges.ends.emplace_back(random.below(nodes), random.below(nodes));
    edges.weights.push_back(static_cast<float>(random.normal()));
  }
  return edges;
}

// Few nodes and many edges: a bucket is written in several pieces, a row is longer than what is read at a time.
TEST(SortedEdges, AreTheRowsOfABuiltGraph) {
  for (const auto& [nodes, count] : {std::pair<int64_t, int64_t>{3, 70000}, {900, 100000}, {5000, 3000}, {1, 5}}) {
    const Edges edges = random_edges(nodes, count, 11);
    for (const bool weighted : {false, true}) {
      for (const bool symmetrise : {false, true}) {
        SortedEdges sorted(nodes, weighted);
        for (int64_t e = 0; e < count; ++e) {
          const auto [source, target] = edges.ends[e];
          if (symmetrise) {
            sorted.add_both(source, target, edges.weights[e]);
          } else {
            sorted.add(source, target, edges.weights[e]);
          }
        }
        sorted.sort();
        const Graph expected = build_graph(nodes, edges.ends, weighted ? edges.weights : std::vector<float>(),
                                           {.symmetrise = symmetrise, .remove_self_loops = false});
        expect_equal(rows_of(sorted), expected.adjacency);
      }
    }
  }
}

TEST(SortedEdges, ReadTwiceAreTheSame) {
  SortedEdges sorted(10, true);
  for (const auto& [source, target] : random_edges(10, 500, 3).ends) sorted.add(source, target, 0.5f);
  sorted.sort();
  expect_equal(rows_of(sorted), rows_of(sorted));
}

class EdgeLists : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(EdgeLists, AnyIdsAreNumberedInOrder) {
  const Edges edges = random_edges(400, 2000, 5);
  std::string text = "source,target,weight\n";
  for (size_t e = 0; e < edges.ends.size(); ++e) {
    const auto [u, v] = edges.ends[e];
    text += fmt::format("{},{},{}\n", 1000000007 * u, 1000000007 * v, edges.weights[e]);
  }
  const Dataset dataset = load_dataset(folder_.write("a.csv", text));
  expect_equal(dataset.graph.adjacency, build_graph(400, edges.ends, edges.weights, {}).adjacency);
  ASSERT_EQ(std::ssize(dataset.node_ids), 400);
  for (int64_t v = 0; v < 400; ++v) EXPECT_EQ(dataset.node_ids[v], 1000000007 * v);
}

TEST_F(EdgeLists, ArraysOfEitherShape) {
  const std::vector<Edge> edges = {{0, 1}, {3, 1}, {2, 0}};
  std::filesystem::create_directory(folder_.file("g"));
  folder_.write("g/labels.npy", npy("<i4", "(4,)", raw<int32_t>({0, 1, 1, 0})));
  folder_.write("g/edges.npy", npy("<i8", "(3, 2)", raw<int64_t>({0, 1, 3, 1, 2, 0})));
  const Csr expected = build_graph(4, edges, {}, {}).adjacency;
  expect_equal(load_dataset(folder_.file("g")).graph.adjacency, expected);
  folder_.write("g/edges.npy", npy("<i4", "(2, 3)", raw<int32_t>({0, 3, 2, 1, 1, 0})));
  expect_equal(load_dataset(folder_.file("g")).graph.adjacency, expected);
  folder_.write("g/edges.npy", npy("<i4", "(2, 3)", raw<int32_t>({0, 3, 2, 1, 4, 0})));
  EXPECT_THAT(error_of<InputError>([&] { load_dataset(folder_.file("g")); }), HasSubstr("edge 1 has node 4"));
  folder_.write("g/edges.npy", npy("<i4", "(6,)", raw<int32_t>({0, 3, 2, 1, 1, 0})));
  EXPECT_THAT(error_of<InputError>([&] { load_dataset(folder_.file("g")); }), HasSubstr("(edges, 2)"));
  folder_.write("g/edges.npy", npy("<i4", "(2, 3)", raw<int32_t>({0, 3, 2, 1})));
  EXPECT_THAT(error_of<InputError>([&] { load_dataset(folder_.file("g")); }), HasSubstr("edges.npy"));
}

// From the rows of its files, and from the dataset in memory: the same file.
TEST_F(EdgeLists, OfAFolderAreSavedAsTheyAreLoaded) {
  std::filesystem::create_directory(folder_.file("g"));
  const Edges edges = random_edges(50, 300, 9);
  for (const bool directed : {false, true}) {
    std::string text = directed ? "# directed\n" : "";
    for (size_t e = 0; e < edges.ends.size(); ++e) {
      text += fmt::format("{} {} {}\n", edges.ends[e].first, edges.ends[e].second, edges.weights[e]);
    }
    folder_.write("g/edges.txt", text);
    for (const bool fortran : {false, true}) {
      std::vector<double> x(150);
      for (size_t k = 0; k < x.size(); ++k) x[k] = 0.25 * static_cast<double>(k);
      folder_.write("g/features.npy", npy("<f8", "(50, 3)", raw(x), fortran));
      folder_.write("g/labels.npy", npy("<i8", "(50,)", raw(std::vector<int64_t>(50, 1))));
      folder_.write("g/train.txt", "3\n1\n");
      const auto rows = open_dataset(folder_.file("g"));
      EXPECT_EQ(rows->head().features.empty(), !fortran);
      EXPECT_TRUE(rows->head().graph.adjacency.indices.empty());
      save_dataset(*rows, folder_.file("rows.npz"));
      const Dataset loaded = load_dataset(folder_.file("g"));
      EXPECT_EQ(loaded.graph.directed, directed);
      EXPECT_EQ(loaded.features.dense(1, 0), fortran ? 0.25f : 0.75f);
      expect_equal(loaded.graph.adjacency,
                   build_graph(50, edges.ends, edges.weights, {.symmetrise = !directed}).adjacency);
      save_dataset(loaded, folder_.file("loaded.npz"));
      EXPECT_EQ(read_bytes(folder_.file("rows.npz")), read_bytes(folder_.file("loaded.npz")));
    }
  }
}

TEST_F(EdgeLists, DirectedOnesWithEveryReverseAreUndirected) {
  EXPECT_FALSE(load_dataset(folder_.write("a.txt", "# directed\n0 1\n1 0\n")).graph.directed);
  EXPECT_TRUE(load_dataset(folder_.write("b.txt", "# directed\n0 1 2\n1 0 3\n")).graph.directed);
}

TEST_F(EdgeLists, SymmetrisedIsTheUnionWithTheReverse) {
  Dataset dataset;
  dataset.graph = reference::random_graph(80, 400, true, true, 5, 2);
  std::vector<Edge> edges;
  const Csr& a = dataset.graph.adjacency;
  for (int64_t u = 0; u < 80; ++u) {
    for (int64_t e = a.indptr[u]; e < a.indptr[u + 1]; ++e) edges.emplace_back(u, a.indices[e]);
  }
  save_dataset(dataset, folder_.file("a.npz"));
  const auto both = symmetrised(open_dataset(folder_.file("a.npz")));
  EXPECT_FALSE(both->shape().directed);
  EXPECT_TRUE(is_symmetric(*both));
  const Graph graph = read_graph(*both);
  expect_equal(graph.adjacency, build_graph(80, edges, a.values, {}).adjacency);
  EXPECT_EQ(both->shape().edges, graph.edges());
}

}  // namespace
}  // namespace tersegraph
