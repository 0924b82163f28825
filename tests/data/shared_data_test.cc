// The real graphs, against the table that comes with them.
#include <gmock/gmock.h>

#include <filesystem>

#include "data/dataset.h"
#include "data/describe.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

std::string shared(const std::string& path) {
  return std::string(TERSEGRAPH_SHARED_DIR) + "/data/" + path;
}
bool absent(const std::string& path) {
  return !std::filesystem::exists(shared(path));
}

struct Known {
  std::string name;
  int64_t nodes, undirected_edges, features, classes;
  size_t splits;
  int64_t train, val, test;
};

class SharedData : public ::testing::TestWithParam<Known> {};

TEST_P(SharedData, NumbersAreThoseOfTheTable) {
  const Known& known = GetParam();
  const std::string path = "npz/" + known.name + ".npz";
  if (absent(path)) GTEST_SKIP() << shared(path) << " is not here";
  const Dataset dataset = load_dataset(shared(path));
  const DatasetFacts facts = describe(dataset);
  EXPECT_EQ(facts.name, known.name);
  EXPECT_EQ(facts.nodes, known.nodes);
  EXPECT_EQ(facts.edges, 2 * known.undirected_edges);
  EXPECT_EQ(facts.features, known.features);
  EXPECT_EQ(facts.outputs, known.classes);
  EXPECT_FALSE(facts.directed);
  ASSERT_EQ(facts.splits.size(), known.splits);
  if (known.train > 0) {
    EXPECT_EQ(facts.splits[0].train, known.train);
    EXPECT_EQ(facts.splits[0].val, known.val);
    EXPECT_EQ(facts.splits[0].test, known.test);
  }
  if (known.name == "citeseer") {
    EXPECT_EQ(facts.isolated, 48);
  }
  if (known.name == "cnr2000") {
    EXPECT_EQ(facts.max_degree, 18236);
  }
  // Zhu et al. 2020 and Pei et al. 2020 call Cora homophilous (0.81) and Squirrel heterophilous (0.22).
  if (known.name == "cora") {
    EXPECT_NEAR(facts.edge_homophily, 0.81, 0.005);
  }
  if (known.name == "squirrel") {
    EXPECT_NEAR(facts.edge_homophily, 0.22, 0.005);
  }
}

INSTANTIATE_TEST_SUITE_P(Npz, SharedData,
                         ::testing::Values(Known{"cora", 2708, 5278, 1433, 7, 1, 140, 500, 1000},
                                           Known{"citeseer", 3327, 4552, 3703, 6, 1, 120, 500, 1000},
                                           Known{"pubmed_nofeat", 19717, 44324, 0, 3, 1, 60, 500, 1000},
                                           Known{"amazon_computers", 13752, 245861, 767, 10, 1, 200, 1000, 1000},
                                           Known{"amazon_photo", 7650, 119081, 745, 8, 1, 160, 1000, 1000},
                                           Known{"coauthor_cs", 18333, 81894, 6805, 15, 1, 300, 1000, 1000},
                                           Known{"tolokers", 11758, 519000, 10, 2, 10, 0, 0, 0},
                                           Known{"squirrel", 5201, 198353, 2089, 5, 10, 0, 0, 0},
                                           Known{"cnr2000", 325557, 2738969, 0, 0, 0, 0, 0, 0}),
                         [](const auto& info) { return info.param.name; });

void expect_same_graph(const Dataset& a, const Dataset& b) {
  EXPECT_EQ(a.graph.adjacency.indptr, b.graph.adjacency.indptr);
  EXPECT_EQ(a.graph.adjacency.indices, b.graph.adjacency.indices);
  EXPECT_EQ(a.labels.classes, b.labels.classes);
  EXPECT_EQ(a.labels.outputs, b.labels.outputs);
}

TEST(SharedOriginals, PickledPhotoEqualsPhoto) {
  const std::string original = "original/gnn-benchmark/amazon_photo.npz", ours = "npz/amazon_photo.npz";
  if (absent(original) || absent(ours)) GTEST_SKIP() << shared(original) << " is not here";
  const Dataset a = load_dataset(shared(original)), b = load_dataset(shared(ours));
  expect_same_graph(a, b);
  EXPECT_EQ(a.features.sparse.cols, b.features.sparse.cols);
  EXPECT_EQ(a.features.sparse.indptr, b.features.sparse.indptr);
  EXPECT_EQ(a.features.sparse.indices, b.features.sparse.indices);
  EXPECT_EQ(a.features.sparse.values, b.features.sparse.values);
  EXPECT_TRUE(a.splits.empty());
}

TEST(SharedOriginals, TolokersEqualsTolokers) {
  const std::string original = "original/heterophilous/tolokers.npz", ours = "npz/tolokers.npz";
  if (absent(original) || absent(ours)) GTEST_SKIP() << shared(original) << " is not here";
  const Dataset a = load_dataset(shared(original)), b = load_dataset(shared(ours));
  expect_same_graph(a, b);
  ASSERT_EQ(a.features.dense.size(), b.features.dense.size());
  EXPECT_EQ(std::memcmp(a.features.dense.data(), b.features.dense.data(), a.features.dense.bytes()), 0);
  ASSERT_EQ(a.splits.size(), b.splits.size());
  for (size_t k = 0; k < a.splits.size(); ++k) {
    EXPECT_EQ(a.splits[k].train, b.splits[k].train);
    EXPECT_EQ(a.splits[k].val, b.splits[k].val);
    EXPECT_EQ(a.splits[k].test, b.splits[k].test);
  }
}

TEST(SharedOriginals, SavedPhotoEqualsPhoto) {
  const std::string ours = "npz/amazon_photo.npz";
  if (absent(ours)) GTEST_SKIP() << shared(ours) << " is not here";
  const testing::TemporaryFolder folder;
  const Dataset a = load_dataset(shared(ours));
  save_dataset(a, folder.file("photo.npz"));
  const Dataset b = load_dataset(folder.file("photo.npz"));
  expect_same_graph(a, b);
  EXPECT_EQ(a.features.sparse.values, b.features.sparse.values);
  EXPECT_EQ(a.splits[0].test, b.splits[0].test);
}

}  // namespace
}  // namespace tersegraph
