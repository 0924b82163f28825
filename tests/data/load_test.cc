#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "data/dataset.h"
#include "data/pickles.h"

namespace tersegraph {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// The path 0 - 1 - 2 with node 3 alone.
NpzFile small_file() {
  NpzFile file;
  file.set<int64_t>("num_nodes", {4})
      .set<int64_t>("adj_indptr", {0, 1, 3, 4, 4})
      .set<int32_t>("adj_indices", {1, 0, 2, 1})
      .set<float>("attr", {1, 2, 3, 4, 5, 6, 7, 8}, "(4, 2)")
      .set<int32_t>("labels", {0, 1, -1, 2})
      .set<int32_t>("num_classes", {3})
      .set<uint8_t>("train_mask", {1, 0, 0, 0})
      .set<uint8_t>("val_mask", {0, 1, 0, 0})
      .set<uint8_t>("test_mask", {0, 0, 0, 1});
  return file;
}

class Load : public ::testing::Test {
 protected:
  Dataset load(const NpzFile& file) { return load_dataset(folder_.write("small.npz", file.bytes())); }
  std::string error_in(const NpzFile& file) {
    return error_of<InputError>([&] { load(file); });
  }

  TemporaryFolder folder_;
};

TEST_F(Load, ReadsTheSchema) {
  const Dataset dataset = load(small_file());
  EXPECT_EQ(dataset.name, "small");
  EXPECT_THAT(dataset.graph.adjacency.indptr, ElementsAre(0, 1, 3, 4, 4));
  EXPECT_THAT(dataset.graph.adjacency.indices, ElementsAre(1, 0, 2, 1));
  EXPECT_FALSE(dataset.graph.directed);
  EXPECT_FALSE(dataset.graph.adjacency.weighted());
  EXPECT_EQ(dataset.features.dense(2, 1), 6);
  EXPECT_EQ(dataset.labels.outputs, 3);
  EXPECT_THAT(dataset.labels.classes, ElementsAre(0, 1, -1, 2));
  EXPECT_FALSE(dataset.labels.labelled(2));
  ASSERT_EQ(dataset.splits.size(), 1u);
  EXPECT_THAT(dataset.splits[0].train, ElementsAre(0));
  EXPECT_THAT(dataset.splits[0].val, ElementsAre(1));
  EXPECT_THAT(dataset.splits[0].test, ElementsAre(3));
}

TEST_F(Load, OnlyTheAdjacencyIsNeeded) {
  NpzFile file;
  file.set<int64_t>("adj_indptr", {0, 1, 2}).set<int64_t>("adj_indices", {1, 0});
  const Dataset dataset = load(file);
  EXPECT_EQ(dataset.nodes(), 2);
  EXPECT_TRUE(dataset.features.empty());
  EXPECT_EQ(dataset.labels.outputs, 0);
  EXPECT_FALSE(dataset.labels.labelled(0));
  EXPECT_TRUE(dataset.splits.empty());
}

TEST_F(Load, SortsRowsAndDropsLoopsAndDuplicates) {
  const Dataset dataset =
      load(small_file().set<int64_t>("adj_indptr", {0, 2, 5, 6, 6}).set<int32_t>("adj_indices", {0, 1, 2, 0, 2, 1}));
  EXPECT_THAT(dataset.graph.adjacency.indptr, ElementsAre(0, 1, 3, 4, 4));
  EXPECT_THAT(dataset.graph.adjacency.indices, ElementsAre(1, 0, 2, 1));
  EXPECT_FALSE(dataset.graph.directed);
}

TEST_F(Load, ReadsWeightsDirectionIdsAndSplits) {
  const Dataset dataset = load(small_file()
                                   .set<int64_t>("adj_indptr", {0, 1, 2, 3, 3})
                                   .set<int32_t>("adj_indices", {1, 2, 0})
                                   .set<double>("edge_weight", {0.5, -1, 2})
                                   .set<uint8_t>("directed", {1})
                                   .set<int64_t>("node_ids", {10, 7, 300, int64_t{1} << 60})
                                   .set<uint8_t>("train_masks", {1, 0, 0, 0, 0, 0, 0, 1}, "(2, 4)")
                                   .set<uint8_t>("val_masks", {0, 1, 0, 0, 1, 1, 0, 0}, "(2, 4)")
                                   .set<uint8_t>("test_masks", {0, 0, 0, 0, 0, 0, 0, 0}, "(2, 4)"));
  EXPECT_TRUE(dataset.graph.directed);
  EXPECT_THAT(dataset.graph.adjacency.values, ElementsAre(0.5f, -1, 2));
  EXPECT_THAT(dataset.node_ids, ElementsAre(10, 7, 300, int64_t{1} << 60));
  ASSERT_EQ(dataset.splits.size(), 2u);
  EXPECT_THAT(dataset.splits[1].train, ElementsAre(3));
  EXPECT_THAT(dataset.splits[1].val, ElementsAre(0, 1));
}

TEST_F(Load, ReadsSparseFeaturesAndSortsThem) {
  const Dataset dataset = load(small_file()
                                   .remove("attr")
                                   .set<int64_t>("attr_shape", {4, 5})
                                   .set<int64_t>("attr_indptr", {0, 2, 2, 3, 3})
                                   .set<int32_t>("attr_indices", {4, 1, 0})
                                   .set<float>("attr_data", {40, 10, 1}));
  EXPECT_TRUE(dataset.features.is_sparse);
  EXPECT_EQ(dataset.features.cols(), 5);
  EXPECT_THAT(dataset.features.sparse.indices, ElementsAre(1, 4, 0));
  EXPECT_THAT(dataset.features.sparse.values, ElementsAre(10, 40, 1));
}

TEST_F(Load, ReadsMultilabelAndRegression) {
  const Dataset many =
      load(small_file().remove("num_classes").set<uint8_t>("labels", {1, 0, 1, 1, 0, 0, 0, 1}, "(4, 2)"));
  EXPECT_EQ(many.labels.task, Task::multilabel);
  EXPECT_EQ(many.labels.outputs, 2);
  EXPECT_EQ(many.labels.targets(1, 1), 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Dataset real = load(small_file().remove("num_classes").set<float>("labels", {0.5f, -2, nan, 1}));
  EXPECT_EQ(real.labels.task, Task::regression);
  EXPECT_EQ(real.labels.outputs, 1);
  EXPECT_EQ(real.labels.targets(1, 0), -2);
  EXPECT_FALSE(real.labels.labelled(2));
  EXPECT_TRUE(real.labels.labelled(3));
}

TEST_F(Load, ReadsGnnBenchmarkArrays) {
  NpzFile file;
  // Directed 0 -> 1, 1 -> 1, 2 -> 1 and an entry of value 0: undirected 0 - 1 - 2 is left.
  file.set<float>("adj_data", {1, 1, 1, 0})
      .set<int32_t>("adj_indices", {1, 1, 1, 0})
      .set<int32_t>("adj_indptr", {0, 1, 2, 4})
      .set<int64_t>("adj_shape", {3, 3})
      .set<float>("attr_data", {2, 3})
      .set<int32_t>("attr_indices", {1, 0})
      .set<int32_t>("attr_indptr", {0, 1, 1, 2})
      .set<int64_t>("attr_shape", {3, 2})
      .set<int64_t>("labels", {1, 0, 1});
  const Dataset dataset = load(file);
  EXPECT_FALSE(dataset.graph.directed);
  EXPECT_THAT(dataset.graph.adjacency.indptr, ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(dataset.graph.adjacency.indices, ElementsAre(1, 0, 2, 1));
  EXPECT_FALSE(dataset.graph.adjacency.weighted());
  EXPECT_THAT(dataset.features.sparse.values, ElementsAre(2, 3));
  EXPECT_EQ(dataset.labels.outputs, 2);
  EXPECT_TRUE(dataset.splits.empty());
  EXPECT_THAT(error_in(file.set<int64_t>("adj_shape", {3, 4})), HasSubstr("3 rows and 4 columns"));
}

NpzFile pickled_file(const std::string& adjacency) {
  NpzFile file;
  file.set_npy("adj_matrix", npy("|O", "()", adjacency))
      .set_npy("node_attr", npy("|O", "()", pickled_object(pickled_csr(3, 2, {0, 1, 1, 2}, {1, 0}, {2, 3}))))
      .set<int32_t>("node_label", {1, 0, 1});
  return file;
}

TEST_F(Load, ReadsPickledGnnBenchmark) {
  const Dataset dataset = load(pickled_file(pickled_object(pickled_csr(3, 3, {0, 1, 2, 3}, {1, 1, 1}, {1, 1, 1}))));
  EXPECT_THAT(dataset.graph.adjacency.indptr, ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(dataset.graph.adjacency.indices, ElementsAre(1, 0, 2, 1));
  EXPECT_THAT(dataset.features.sparse.values, ElementsAre(2, 3));
  EXPECT_THAT(dataset.labels.classes, ElementsAre(1, 0, 1));
}

TEST_F(Load, WrongPicklesAreInputErrors) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"garbage", "pickle cannot be read"},
      {pickled_object("N"), "no scipy CSR matrix"},
      {"N.", "no scipy CSR matrix"},
      {pickled_object(pickled_csr(3, 3, {0, 1, 2, 3}, {1, 1, 9}, {1, 1, 1})), "outside 0..2"},
      {pickled_object(pickled_csr(3, 3, {0, 2, 1, 3}, {1, 1, 1}, {1, 1, 1})), "falls from 2 to 1"},
      {pickled_object(pickled_csr(2, 3, {0, 1, 2, 3}, {1, 1, 1}, {1, 1, 1})), "(3,) is needed"},
      {pickled_object(pickled_csr(-1, 3, {0, 1, 2, 3}, {1, 1, 1}, {1, 1, 1})), "outside 0.."},
      {pickled_object(pickled_csr(3, 2, {0, 1, 1, 2}, {1, 0}, {1, 1})), "3 rows and 2 columns"},
      {pickled_object("cscipy.sparse.csr\ncsr_matrix\n)\x81}b"), "has no '_shape'"},
  };
  for (const auto& [pickle, message] : table) EXPECT_THAT(error_in(pickled_file(pickle)), HasSubstr(message));
}

NpzFile heterophilous_file() {
  NpzFile file;
  file.set<float>("node_features", {1, 2, 3}, "(3, 1)")
      .set<int64_t>("node_labels", {0, 1, 0})
      .set<int64_t>("edges", {0, 1, 2, 1}, "(2, 2)")
      .set<uint8_t>("train_masks", {1, 0, 0, 0, 0, 1}, "(2, 3)")
      .set<uint8_t>("val_masks", {0, 1, 0, 0, 1, 0}, "(2, 3)")
      .set<uint8_t>("test_masks", {0, 0, 1, 1, 0, 0}, "(2, 3)");
  return file;
}

TEST_F(Load, ReadsHeterophilous) {
  const Dataset dataset = load(heterophilous_file());
  EXPECT_THAT(dataset.graph.adjacency.indices, ElementsAre(1, 0, 2, 1));
  EXPECT_EQ(dataset.splits.size(), 2u);
  EXPECT_THAT(dataset.splits[1].train, ElementsAre(2));
  EXPECT_THAT(error_in(heterophilous_file().set<int64_t>("edges", {0, 1, 2, 3}, "(2, 2)")),
              HasSubstr("edge 1 has node 3"));
  EXPECT_THAT(error_in(heterophilous_file().set<int64_t>("edges", {0, 1, 2, 3})), HasSubstr("(edges, 2)"));
  EXPECT_THAT(error_in(heterophilous_file().remove("val_masks")), HasSubstr("no array 'val_masks'"));
  EXPECT_THAT(error_in(heterophilous_file().set<uint8_t>("test_masks", {0, 0, 1}, "(1, 3)")), HasSubstr("1 splits"));
}

struct Malformed {
  std::function<void(NpzFile&)> spoil;
  std::string message;
};

TEST_F(Load, MalformedFilesAreInputErrors) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const std::vector<Malformed> table = {
      {[](NpzFile& f) { f.remove("adj_indices"); }, "no array 'adj_indices'"},
      {[](NpzFile& f) { f.remove("adj_indptr"); }, "no known format: its arrays are [adj_indices, attr,"},
      {[](NpzFile& f) { f.set<int64_t>("num_nodes", {-5}); }, "num_nodes': is -5"},
      {[](NpzFile& f) { f.set<int64_t>("num_nodes", {5}); }, "(6,) is needed"},
      {[](NpzFile& f) { f.set<int64_t>("num_nodes", {int64_t{1} << 62}); }, "outside 0.."},
      {[](NpzFile& f) {
         f.set<int64_t>("num_nodes", {4, 4});
       },
       "one number"},
      {[](NpzFile& f) { f.remove("num_nodes").set<int64_t>("adj_indptr", {}); }, "outside 0.."},
      {[](NpzFile& f) { f.remove("num_nodes").set<int64_t>("adj_indptr", {0}).set<int32_t>("adj_indices", {}); }, ""},
      {[](NpzFile& f) {
         f.set<int64_t>("adj_indptr", {0, 3, 1, 4, 4});
       },
       "falls from 3 to 1 at row 1"},
      {[](NpzFile& f) {
         f.set<int64_t>("adj_indptr", {1, 1, 3, 4, 4});
       },
       "start with 0"},
      {[](NpzFile& f) {
         f.set<int64_t>("adj_indptr", {0, 1, 3, 4, 5});
       },
       "ends with 5"},
      {[](NpzFile& f) {
         f.set<int64_t>("adj_indptr", {0, 1, 3, 4, int64_t{1} << 62});
       },
       "ends with"},
      {[](NpzFile& f) {
         f.set<float>("adj_indptr", {0, 1, 3, 4, 4});
       },
       "whole numbers"},
      {[](NpzFile& f) {
         f.set<int32_t>("adj_indices", {1, 0, 4, 1});
       },
       "entry 2 is 4, outside 0..3"},
      {[](NpzFile& f) {
         f.set<int32_t>("adj_indices", {1, 0, -1, 1});
       },
       "entry 2 is -1"},
      {[](NpzFile& f) {
         f.set<int64_t>("adj_indices", {1, 0, int64_t{1} << 32, 1});
       },
       "element 2"},
      {[](NpzFile& f) {
         f.set<int32_t>("adj_indices", {1, 0, 3, 1});
       },
       "not symmetric"},
      {[](NpzFile& f) {
         f.set<float>("edge_weight", {1, 2, 1, 1});
       },
       "not symmetric"},
      {[](NpzFile& f) {
         f.set<float>("edge_weight", {1, 1, 1});
       },
       "has 3 entries"},
      {[=](NpzFile& f) {
         f.set<float>("edge_weight", {1, 1, nan, nan});
       },
       "entry 2 is nan"},
      {[=](NpzFile& f) {
         f.set<float>("attr", {1, 2, 3, 4, 5, nan, 7, 8}, "(4, 2)");
       },
       "node 2, column 1 is nan"},
      {[=](NpzFile& f) {
         f.set<float>("attr", {1, 2, 3, 4, 5, 6, infinity, 8}, "(4, 2)");
       },
       "node 3, column 0 is inf"},
      {[](NpzFile& f) {
         f.set<double>("attr", {1e300, 2, 3, 4}, "(4, 1)");
       },
       "node 0, column 0 is inf"},
      {[](NpzFile& f) {
         f.set<float>("attr", {1, 2, 3, 4, 5, 6}, "(3, 2)");
       },
       "features of 3 nodes, and 4 nodes"},
      {[](NpzFile& f) {
         f.set<float>("attr", {1, 2, 3, 4});
       },
       "(nodes, features)"},
      {[](NpzFile& f) {
         f.set<float>("attr", {1, 2, 3, 4}, "(4611686018427387904, 4)");
       },
       "impossible"},
      {[](NpzFile& f) { f.set_npy("attr", npy("<c8", "(4, 1)", std::string(32, 'x'))); }, "dtype '<c8'"},
      {[](NpzFile& f) { f.set_npy("attr", npy("|O", "(4, 1)", "N.")); }, "Python objects"},
      {[](NpzFile& f) { f.set_npy("attr", "rubbish"); }, "no numpy array"},
      {[](NpzFile& f) {
         f.set<int32_t>("labels", {0, 1, -1, 3});
       },
       "node 3 is 3, outside -1..2"},
      {[](NpzFile& f) {
         f.set<int32_t>("labels", {0, 1, -2, 2});
       },
       "node 2 is -2"},
      {[](NpzFile& f) {
         f.remove("num_classes").set<int32_t>("labels", {0, 1, 2000000000, 2});
       },
       "more than there are"},
      {[](NpzFile& f) {
         f.set<int64_t>("labels", {0, 1, int64_t{1} << 40, 2});
       },
       "element 2"},
      {[](NpzFile& f) {
         f.set<int32_t>("labels", {0, 1, 2});
       },
       "shape (3,)"},
      {[](NpzFile& f) { f.set<int32_t>("num_classes", {0}); }, "0 classes"},
      {[](NpzFile& f) { f.set<int32_t>("num_classes", {2000000000}); }, "number the classes from 0"},
      {[](NpzFile& f) {
         f.set<uint8_t>("labels", {1, 0, 1, 1, 0, 0, 0, 1}, "(4, 2)");
       },
       "num_classes says 3"},
      {[](NpzFile& f) {
         f.remove("num_classes").set<uint8_t>("labels", {1, 0, 1, 2, 0, 0, 0, 1}, "(4, 2)");
       },
       "0 and 1"},
      {[=](NpzFile& f) {
         f.remove("num_classes").set<float>("labels", {1, 0, infinity, 2});
       },
       "NaN"},
      {[](NpzFile& f) {
         f.set<uint8_t>("val_mask", {1, 0, 0, 0});
       },
       "must not overlap"},
      {[](NpzFile& f) {
         f.set<uint8_t>("train_mask", {1, 0, 1, 0});
       },
       "train node 2 has no label"},
      {[](NpzFile& f) {
         f.set<uint8_t>("train_mask", {1, 0, 2, 0});
       },
       "holds 2 at node 2"},
      {[](NpzFile& f) {
         f.set<uint8_t>("train_mask", {1, 0, 0});
       },
       "shape (3,)"},
      {[](NpzFile& f) { f.remove("train_mask"); }, "no array 'train_mask'"},
      {[](NpzFile& f) {
         f.set<uint8_t>("train_masks", {1, 0, 0, 0}, "(4, 1)");
       },
       "(splits, 4)"},
      {[](NpzFile& f) {
         f.set<int64_t>("node_ids", {1, 2, 3});
       },
       "node_ids of 3 nodes"},
      {[](NpzFile& f) {
         f.set<int64_t>("node_ids", {1, 2, 3, 2});
       },
       "node_ids hold 2 twice"},
      {[](NpzFile& f) {
         f.remove("attr").set<int64_t>("attr_indptr", {0, 0, 0, 0, 0});
       },
       "no array 'attr_shape'"},
      {[](NpzFile& f) {
         f.remove("attr").set<int64_t>("attr_indptr", {0, 2, 2, 2, 2}).set<int32_t>("attr_indices", {1, 1});
         f.set<int64_t>("attr_shape", {4, 2});
       },
       "lists a column twice"},
      {[](NpzFile& f) {
         f.remove("attr").set<int64_t>("attr_indptr", {0, 0, 0, 0, 0}).set<int32_t>("attr_indices", {});
         f.set<int64_t>("attr_shape", {4, int64_t{1} << 40});
       },
       "outside 0.."},
      {[](NpzFile& f) {
         f.remove("attr").set<int64_t>("attr_indptr", {0, 0, 0, 0, 0}).set<int32_t>("attr_indices", {});
         f.set<int64_t>("attr_shape", {4, int64_t{1} << 28});
       },
       "features a node"},
  };
  for (size_t i = 0; i < table.size(); ++i) {
    NpzFile file = small_file();
    table[i].spoil(file);
    const std::string error = error_in(file);
    EXPECT_THAT(error, HasSubstr("small.npz")) << i;
    EXPECT_THAT(error, HasSubstr(table[i].message)) << i;
    EXPECT_THAT(error, Not(HasSubstr("\n"))) << i;
  }
}

TEST_F(Load, MissingFilesAndFoldersAreInputErrors) {
  EXPECT_THAT(error_of<InputError>([&] { load_dataset(folder_.file("none.npz")); }), HasSubstr("No such file"));
  EXPECT_THAT(error_of<InputError>([&] { load_dataset(folder_.file("")); }),
              HasSubstr("is a folder in no known format"));
  EXPECT_THAT(error_of<InputError>([&] { load_dataset(folder_.write("a.npz", "text")); }), HasSubstr("no .npz"));
}

void expect_same(const Dataset& a, const Dataset& b) {
  EXPECT_EQ(a.graph.directed, b.graph.directed);
  for (const auto& [x, y] :
       {std::pair(&a.graph.adjacency, &b.graph.adjacency), std::pair(&a.features.sparse, &b.features.sparse)}) {
    EXPECT_EQ(x->cols, y->cols);
    EXPECT_EQ(x->indptr, y->indptr);
    EXPECT_EQ(x->indices, y->indices);
    EXPECT_EQ(x->values, y->values);
  }
  const auto expect_same_bytes = [](const Matrix& x, const Matrix& y) {
    ASSERT_EQ(x.rows(), y.rows());
    ASSERT_EQ(x.cols(), y.cols());
    if (!x.empty()) {
      EXPECT_EQ(std::memcmp(x.data(), y.data(), x.bytes()), 0);
    }
  };
  EXPECT_EQ(a.features.is_sparse, b.features.is_sparse);
  expect_same_bytes(a.features.dense, b.features.dense);
  EXPECT_EQ(a.labels.task, b.labels.task);
  EXPECT_EQ(a.labels.outputs, b.labels.outputs);
  EXPECT_EQ(a.labels.classes, b.labels.classes);
  expect_same_bytes(a.labels.targets, b.labels.targets);
  ASSERT_EQ(a.splits.size(), b.splits.size());
  for (size_t k = 0; k < a.splits.size(); ++k) {
    EXPECT_EQ(a.splits[k].train, b.splits[k].train);
    EXPECT_EQ(a.splits[k].val, b.splits[k].val);
    EXPECT_EQ(a.splits[k].test, b.splits[k].test);
  }
  EXPECT_EQ(a.node_ids, b.node_ids);
}

TEST_F(Load, SavedDatasetsComeBackTheSame) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<NpzFile> files(6, small_file());
  files[1] = heterophilous_file();
  files[2].remove("num_classes").set<uint8_t>("labels", {1, 0, 1, 1, 0, 0, 0, 1}, "(4, 2)");
  files[3].remove("num_classes").set<float>("labels", {0.5f, -2, nan, 1});
  files[4].set<int64_t>("adj_indptr", {0, 1, 2, 3, 3}).set<int32_t>("adj_indices", {1, 2, 0});
  files[4].set<float>("edge_weight", {0.5, -1, 2}).set<uint8_t>("directed", {1}).set<int64_t>("node_ids", {9, 8, 7, 6});
  files[5].remove("attr").set<int64_t>("attr_shape", {4, 5}).set<int64_t>("attr_indptr", {0, 2, 2, 3, 3});
  files[5].set<int32_t>("attr_indices", {1, 4, 0}).set<float>("attr_data", {40, 10, 1});
  for (const NpzFile& file : files) {
    const Dataset dataset = load(file);
    const std::string path = folder_.file("saved.npz");
    save_dataset(dataset, path);
    expect_same(dataset, load_dataset(path));
  }
}

TEST(Validate, FindsWhatNoFileCouldHold) {
  Dataset dataset;
  dataset.name = "made";
  EXPECT_THAT(error_of<InputError>([&] { validate(dataset); }), HasSubstr("'made': the graph has no nodes"));
  dataset.graph.adjacency = {.cols = 2, .indptr = {0, 1, 2}, .indices = {1, 0}, .values = {}};
  validate(dataset);
  dataset.splits = {{{1}, {}, {}}};
  EXPECT_THAT(error_of<InputError>([&] { validate(dataset); }), HasSubstr("train node 1 has no label"));
  dataset.labels.outputs = 2;
  dataset.labels.classes = {0, 1};
  validate(dataset);
  dataset.splits = {{{1, 0}, {}, {}}};
  EXPECT_THAT(error_of<InputError>([&] { validate(dataset); }), HasSubstr("do not ascend"));
  dataset.splits = {{{2}, {}, {}}};
  EXPECT_THAT(error_of<InputError>([&] { validate(dataset); }), HasSubstr("node 2 does not exist"));
  dataset.splits.clear();
  dataset.graph.adjacency.cols = 3;
  EXPECT_THAT(error_of<InputError>([&] { validate(dataset); }), HasSubstr("2 rows and 3 columns"));
}

}  // namespace
}  // namespace tersegraph
