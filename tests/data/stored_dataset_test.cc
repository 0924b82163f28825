// Datasets that are read row by row from their file, against the same ones in memory.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/dataset_rows.h"
#include "data/describe.h"
#include "data/facts_json.h"
#include "data/npz_files.h"
#include "data/shard_writer.h"
#include "data/synthetic.h"
#include "reference/expect_equal.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

using namespace testing;
using ::testing::HasSubstr;

bool in_memory(const DatasetRows& rows) {
  return dynamic_cast<const WholeRows*>(&rows) != nullptr || !rows.head().features.empty() ||
         !rows.head().graph.adjacency.indices.empty();
}

Matrix dense_of(const DatasetRows& rows) {
  Matrix x(rows.shape().nodes, rows.shape().features);
  int64_t next = 0;
  rows.dense_features([&](int64_t first, ConstMatrixView block) {
    EXPECT_EQ(first, next);
    std::copy_n(block.data, block.size(), x.row(first));
    next += block.rows;
  });
  return x;
}

class Stored : public ::testing::Test {
 protected:
  /// The same shards, manifest included, from the file's rows and from the dataset as it is loaded.
  void expect_same_shards(const std::string& path, int parts) {
    const auto rows = open_dataset(path);
    EXPECT_FALSE(in_memory(*rows));
    const Dataset whole = load_dataset(path);
    const Partition partition = reference::random_parts(whole.nodes(), parts, 7);
    write_shards(*rows, partition, "random", folder_.file("from-file"));
    write_shards(WholeRows(whole), partition, "random", folder_.file("from-memory"));
    for (int part = 0; part <= parts; ++part) {
      const std::string name = part == parts ? "manifest.json" : fmt::format("shard-{}.npz", part);
      const std::string bytes = read_bytes(folder_.file("from-file/" + name));
      EXPECT_FALSE(bytes.empty());
      EXPECT_TRUE(bytes == read_bytes(folder_.file("from-memory/" + name))) << name;
    }
  }
  std::string refusal(const std::string& path) const {
    return error_of<InputError>([&] { open_dataset(path); });
  }

  TemporaryFolder folder_;
};

// More entries and bytes than are read at a time.
TEST_F(Stored, LargerThanASlab) {
  const Dataset dataset = synthetic_dataset("sbm:nodes=20000,edges=1200000,features=70,classes=5,exponent=3");
  save_dataset(dataset, folder_.file("a.npz"));
  const auto rows = open_dataset(folder_.file("a.npz"));
  EXPECT_FALSE(in_memory(*rows));
  EXPECT_EQ(rows->shape().edges, dataset.graph.edges());
  const Graph graph = read_graph(*rows);
  EXPECT_FALSE(graph.directed);
  expect_equal(graph.adjacency, dataset.graph.adjacency);
  const Matrix x = dense_of(*rows);
  EXPECT_TRUE(std::equal(x.data(), x.data() + x.size(), dataset.features.dense.data()));
  EXPECT_EQ(rows->head().labels.classes, dataset.labels.classes);
  EXPECT_EQ(to_json(describe(*rows)).dump(), to_json(describe(load_dataset(folder_.file("a.npz")))).dump());
  expect_same_shards(folder_.file("a.npz"), 3);
}

TEST_F(Stored, DirectedWeightedSparseAndSeveralSplits) {
  Dataset dataset;
  dataset.graph = reference::random_graph(60, 300, true, true, 0, 3);
  dataset.features.is_sparse = true;
  dataset.features.sparse = reference::random_graph(60, 200, true, true, 0, 4).adjacency;
  dataset.features.sparse.cols = 64;
  dataset.labels.task = Task::regression;
  dataset.labels.outputs = 2;
  dataset.labels.targets.reshape(60, 2);
  for (int64_t k = 0; k < 120; ++k) dataset.labels.targets.data()[k] = static_cast<float>(k) / 8;
  dataset.splits = {{{0, 3}, {5}, {9, 59}}, {{1}, {2}, {}}};
  for (int64_t v = 0; v < 60; ++v) dataset.node_ids.push_back(7 * v + 2);
  save_dataset(dataset, folder_.file("a.npz"));
  expect_same_shards(folder_.file("a.npz"), 4);
}

NpzFile triangle() {
  NpzFile file;
  file.set<int64_t>("adj_indptr", {0, 2, 4, 6}).set<int64_t>("adj_indices", {1, 2, 0, 2, 0, 1});
  return file.set<double>("attr", {1, 2, 3, 4, 5, 6}, "(3, 2)").set<int32_t>("labels", {0, 1, 0});
}

TEST_F(Stored, OtherTypesThanOurOwn) {
  const auto rows = open_dataset(folder_.write("a.npz", triangle().bytes()));
  EXPECT_FALSE(in_memory(*rows));
  EXPECT_EQ(read_graph(*rows).adjacency.indices, (std::vector<int32_t>{1, 2, 0, 2, 0, 1}));
  EXPECT_EQ(dense_of(*rows)(2, 1), 6.0f);
}

// load_dataset() sorts rows and drops loops and repeated edges; so the file has to be loaded.
TEST_F(Stored, RowsThatNeedMendingAreLoaded) {
  for (const std::vector<int64_t>& indices : {std::vector<int64_t>{2, 1, 0, 2, 0, 1}, {0, 1, 0, 2, 0, 1}}) {
    const bool loop = indices[0] == 0;
    NpzFile file = triangle();
    file.set<int64_t>("adj_indices", indices);
    if (loop) file.set<uint8_t>("directed", {1});
    const auto rows = open_dataset(folder_.write("a.npz", file.bytes()));
    EXPECT_TRUE(in_memory(*rows));
    EXPECT_EQ(rows->shape().edges, loop ? 5 : 6);
    expect_equal(read_graph(*rows).adjacency, load_dataset(folder_.file("a.npz")).graph.adjacency);
  }
}

// What is wrong is told as load_dataset() tells it.
TEST_F(Stored, WhatIsWrongIsTold) {
  const auto refused = [&](NpzFile file) {
    const std::string path = folder_.write("bad.npz", file.bytes());
    const std::string error = refusal(path);
    EXPECT_EQ(error, error_of<InputError>([&] { load_dataset(path); }));
    EXPECT_NE(error, "");
    return error;
  };
  EXPECT_THAT(refused(triangle().set<int64_t>("adj_indices", {1, 2, 0, 2, 0, 3})), HasSubstr("outside 0..2"));
  EXPECT_THAT(refused(triangle().set<int64_t>("adj_indptr", {0, 2, 3, 5}).set<int64_t>("adj_indices", {1, 2, 2, 0, 1})),
              HasSubstr("not symmetric"));
  EXPECT_THAT(refused(triangle().set<float>("edge_weight", {1, 1, 1, 1, 2, 1})), HasSubstr("not symmetric"));
  EXPECT_THAT(refused(triangle().set<float>("edge_weight", {1, NAN, 1, 1, NAN, 1})), HasSubstr("edge_weight"));
  EXPECT_THAT(refused(triangle().set<float>("attr", {1, 2, 3, INFINITY, 5, 6}, "(3, 2)")), HasSubstr("node 1"));
  refused(triangle().set<int64_t>("adj_indptr", {0, 4, 2, 6}));
  refused(triangle().set<int64_t>("adj_indptr", {0, 2, 4, 7}));
  refused(triangle().set<float>("edge_weight", {1, 1}));
  refused(triangle().set<float>("attr", {1, 2, 3, 4}, "(2, 2)"));
  refused(triangle().set<int32_t>("labels", {0, 1}));
}

TEST_F(Stored, DamageIsSeen) {
  const std::string good = triangle().bytes();
  const std::string path = folder_.write("a.npz", good);
  const Dataset dataset = load_dataset(path);
  for (size_t at = 0; at < good.size(); at += 3) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    folder_.write("a.npz", bad);
    try {
      const auto rows = open_dataset(path);
      expect_equal(read_graph(*rows).adjacency, dataset.graph.adjacency);
      if (rows->shape().features > 0) {
        EXPECT_EQ(dense_of(*rows)(2, 1), 6.0f);
      }
    } catch (const InputError&) {
    }
  }
}

TEST_F(Stored, OtherFormatsAreLoaded) {
  const auto rows =
      open_dataset(folder_.write("a.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 2\n"));
  EXPECT_TRUE(in_memory(*rows));
  EXPECT_EQ(rows->shape().edges, 4);
  EXPECT_NE(refusal(folder_.file("nowhere.npz")), "");
}

}  // namespace
}  // namespace tersegraph
