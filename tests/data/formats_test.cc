// Files of other people's formats: written by numpy, scipy and gzip, by their publishers, and damaged ones by hand.
#include <gmock/gmock.h>
#include <zlib.h>

#include <filesystem>

#include "base/error.h"
#include "data/dataset.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;
using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string gzipped(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

void expect_same_graph(const Dataset& a, const Dataset& b) {
  EXPECT_EQ(a.graph.directed, b.graph.directed);
  EXPECT_EQ(a.graph.adjacency.indptr, b.graph.adjacency.indptr);
  EXPECT_EQ(a.graph.adjacency.indices, b.graph.adjacency.indices);
  EXPECT_FALSE(a.graph.adjacency.weighted());
}

float feature(const Features& features, int64_t v, int64_t j) {
  if (!features.is_sparse) return features.dense(v, j);
  const Csr& a = features.sparse;
  for (int64_t e = a.indptr[v]; e < a.indptr[v + 1]; ++e) {
    if (a.indices[e] == j) return a.values[e];
  }
  return 0;
}

void expect_same_nodes(const Dataset& a, const Dataset& b) {
  ASSERT_EQ(a.features.rows(), b.features.rows());
  ASSERT_EQ(a.features.cols(), b.features.cols());
  for (int64_t v = 0; v < a.nodes(); ++v) {
    for (int64_t j = 0; j < a.features.cols(); ++j) ASSERT_EQ(feature(a.features, v, j), feature(b.features, v, j));
  }
  EXPECT_EQ(a.labels.task, b.labels.task);
  EXPECT_EQ(a.labels.outputs, b.labels.outputs);
  EXPECT_EQ(a.labels.classes, b.labels.classes);
  ASSERT_EQ(a.labels.targets.size(), b.labels.targets.size());
  for (int64_t i = 0; i < a.labels.targets.size(); ++i) {
    ASSERT_EQ(a.labels.targets.data()[i], b.labels.targets.data()[i]);
  }
}

void expect_same_splits(const Dataset& a, const Dataset& b) {
  ASSERT_FALSE(a.splits.empty());
  for (const Split& split : a.splits) {
    EXPECT_EQ(split.train, b.splits[0].train);
    EXPECT_EQ(split.val, b.splits[0].val);
    EXPECT_EQ(split.test, b.splits[0].test);
  }
}

class PublishersFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system(TERSEGRAPH_PYTHON " -c 'import numpy, scipy.io' 2>/dev/null") != 0) {
      GTEST_SKIP() << "Python has no numpy and scipy";
    }
    ASSERT_EQ(std::system(fmt::format("{} {} {}", TERSEGRAPH_PYTHON, PUBLISHERS_SCRIPT, folder_.file("")).c_str()), 0);
  }
  Dataset load(const std::string& name) { return load_dataset(folder_.file(name)); }

  TemporaryFolder folder_;
};

TEST_F(PublishersFiles, AreReadAsTheyWereWritten) {
  const Dataset expected = load("expected.npz");
  for (const std::string name : {"ogb_csv", "ogb_binary", "saint", "dgl", "dgl/reddit_data.npz", "pyg.npz", "edges"}) {
    SCOPED_TRACE(name);
    const Dataset dataset = load(name);
    expect_same_graph(dataset, expected);
    expect_same_nodes(dataset, expected);
    expect_same_splits(dataset, expected);
    // What is converted is what was read.
    save_dataset(dataset, folder_.file("converted.npz"));
    expect_same_graph(load("converted.npz"), expected);
    expect_same_nodes(load("converted.npz"), expected);
  }
}

TEST_F(PublishersFiles, WithSeveralLabels) {
  const Dataset expected = load("many.npz");
  for (const std::string name : {"ogb_many", "saint_many", "pyg_many.npz"}) {
    SCOPED_TRACE(name);
    expect_same_graph(load(name), expected);
    expect_same_nodes(load(name), expected);
    expect_same_splits(load(name), expected);
  }
}

TEST_F(PublishersFiles, KeepDirectionWhereTheirUsersDo) {
  const Dataset expected = load("directed.npz");
  const Dataset pyg = load("pyg_directed.npz");
  expect_same_graph(pyg, expected);
  expect_same_nodes(pyg, expected);
  expect_same_splits(pyg, expected);
  EXPECT_EQ(pyg.splits.size(), 2u);
  expect_same_graph(load("general.mtx"), expected);
}

TEST_F(PublishersFiles, OfGraphsAlone) {
  const Dataset expected = load("expected.npz");
  for (const std::string name : {"symmetric.mtx", "packed.mtx.gz", "adjacency.txt.gz", "own_ids.csv", "musae.npz"}) {
    SCOPED_TRACE(name);
    expect_same_graph(load(name), expected);
  }
  EXPECT_EQ(load("own_ids.csv").node_ids[5], 1000 + 7 * 5);
  EXPECT_EQ(load("packed.mtx.gz").name, "packed");
}

TEST_F(PublishersFiles, OfPlanetoid) {
  const Dataset expected = load("expected.npz");
  for (const std::string name : {"planetoid", "planetoid/ind.small.graph"}) {
    const Dataset dataset = load(name);
    expect_same_graph(dataset, expected);
    expect_same_nodes(dataset, expected);
    EXPECT_EQ(dataset.splits[0].train.size(), 12u);
    EXPECT_EQ(dataset.splits[0].val.size(), 28u);
    EXPECT_EQ(dataset.splits[0].test.front(), 40);
  }
}

std::string shared(const std::string& path) {
  return std::string(TERSEGRAPH_SHARED_DIR) + "/data/" + path;
}

TEST(SharedOriginals, PlanetoidsCoraEqualsCora) {
  if (!fs::exists(shared("original/planetoid"))) GTEST_SKIP() << "no shared data here";
  const Dataset a = load_dataset(shared("original/planetoid/ind.cora.graph")), b = load_dataset(shared("npz/cora.npz"));
  EXPECT_EQ(a.name, "cora");
  expect_same_graph(a, b);
  EXPECT_EQ(a.features.sparse.indices, b.features.sparse.indices);
  EXPECT_EQ(a.features.sparse.values, b.features.sparse.values);
  EXPECT_EQ(a.labels.classes, b.labels.classes);
  expect_same_splits(a, b);
}

TEST(SharedOriginals, Cnr2000EqualsCnr2000) {
  if (!fs::exists(shared("original/edgelist"))) GTEST_SKIP() << "no shared data here";
  expect_same_graph(load_dataset(shared("original/edgelist/cnr-2000.graph-txt.gz")),
                    load_dataset(shared("npz/cnr2000.npz")));
}

TEST(EdgeList, WeightsCommentsAndDirection) {
  const TemporaryFolder folder;
  const Dataset both = load_dataset(folder.write("a.txt", "# c\n0 1 0.5\n\n1\t2\t2\r\n% c\n2,2,1\n"));
  EXPECT_THAT(both.graph.adjacency.indptr, ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(both.graph.adjacency.values, ElementsAre(0.5f, 0.5f, 2, 2));
  EXPECT_TRUE(both.node_ids.empty());
  const Dataset one = load_dataset(folder.write("b.txt", "# directed\n0 1\n1 2"));
  EXPECT_TRUE(one.graph.directed);
  EXPECT_EQ(one.graph.edges(), 2);
  const Dataset members = load_dataset(folder.write("c.gz", gzipped("0 1\n1 ") + gzipped("2\n")));
  EXPECT_EQ(members.graph.edges(), 4);
}

TEST(DamagedFiles, AreInputErrorsThatNameTheLine) {
  const std::string long_list = [] {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += fmt::format("{} {}\n", i, (i * 7919) % 20000);
    return gzipped(text);
  }();
  const std::string mtx = "%%MatrixMarket matrix coordinate real general\n";
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"a.txt", "", "holds no edges"},
      {"a.txt", "0 1\n1 -2\n", "line 2: has node -2"},
      {"a.txt", "0 1\n1 x\n", "line 2: has 'x'"},
      {"a.txt", "0 1\n1\n", "line 2: ends where"},
      {"a.txt", "0 99999999999999999999\n", "64 bits"},
      {"a.txt", "0 1 nan\n", "line 1: has nan"},
      {"a.txt", "0 1 1e999\n", "line 1"},
      {"a.txt", "0 1\n1 2 3\n", "line 2: must have a weight"},
      {"a.txt", "0 1 1 1\n", "after its last number"},
      {"a.txt", std::string("\x01\x02\xff\n", 4), "line 1"},
      {"a.txt", "3\n1\n0\n", "line 4: is missing"},
      {"a.txt", "2\n1\n2\n", "line 3: has node 2, outside 0..1"},
      {"a.txt", "2\n1\n0\n1\n", "comes after"},
      {"a.txt", "99999999999\n", "states 99999999999 nodes"},
      {"a.txt.gz", "0 1\n", "is not gzipped"},
      {"a.txt.gz", long_list.substr(0, long_list.size() / 2), "cut short"},
      {"a.txt.gz", long_list.substr(0, 40) + std::string(40, '\xff') + long_list.substr(80), "is damaged"},
      {"a.mtx", "1 2\n", "line 1: must be"},
      {"a.mtx", "%%MatrixMarket matrix array real general\n2 2\n1\n", "line 1: must be"},
      {"a.mtx", mtx + "2 3 1\n1 1 1\n", "line 2: says 2 rows and 3 columns"},
      {"a.mtx", mtx + "2 2 2\n1 2 1\n", "2 entries are stated, and 1"},
      {"a.mtx", mtx + "2 2 1\n1 2 1\n2 1 1\n", "line 4: comes after"},
      {"a.mtx", mtx + "2 2 1\n0 2 1\n", "outside 1..2"},
      {"a.mtx", mtx + "2 2 1\n1 2 inf\n", "line 3: has inf"},
      {"a.mtx", mtx + "2 2 99999999999\n1 2 1\n", "is missing"},
      {"ind.a.graph", "x", "ind.a.allx"},
  };
  for (const auto& [name, bytes, message] : table) {
    const TemporaryFolder folder;
    const std::string path = folder.write(name, bytes);
    const std::string error = error_of<InputError>([&] { load_dataset(path); });
    EXPECT_THAT(error, HasSubstr(message)) << bytes.substr(0, 60);
    EXPECT_THAT(error, HasSubstr(folder.file("")));
    EXPECT_THAT(error, Not(HasSubstr("\n")));
  }
}

TEST_F(PublishersFiles, DamagedFoldersAreInputErrors) {
  const std::vector<std::tuple<std::string, std::string, std::string, std::string>> table = {
      {"ogb_csv", "raw/num-node-list.csv.gz", gzipped("59\n"), "outside 0..58"},
      {"ogb_csv", "raw/num-edge-list.csv.gz", gzipped("3\n"), "num-edge-list.csv says 3"},
      {"ogb_csv", "raw/num-node-list.csv.gz", gzipped("61\n"), "node-feat.csv.gz, line 61: is missing"},
      {"ogb_csv", "raw/num-node-list.csv.gz", gzipped("30\n30\n"), "second graph"},
      {"ogb_csv", "raw/node-feat.csv.gz", gzipped("1,2\n1,nan\n"), "line 2: has nan"},
      {"ogb_csv", "raw/node-label.csv.gz", gzipped("1\n2,3\n"), "line 2: has '3'"},
      {"ogb_csv", "split/time/valid.csv.gz", "", "is not gzipped"},
      {"ogb_csv", "split/time/train.csv.gz", gzipped("1\n60\n"), "line 2: has node 60"},
      {"ogb_binary", "raw/node-label.npz", "PK", "no .npz"},
      {"saint", "feats.npy", "", "feats.npy"},
      {"saint", "class_map.json", "{\"0\": ", "no JSON at byte"},
      {"saint", "class_map.json", "{\"0\": {\"1\": 2}}", "near the key '0'"},
      {"saint", "class_map.json", "{\"0\": 1, \"60\": 1}", "'60', which is no node"},
      {"saint", "class_map.json", "{\"0\": [1], \"1\": 1, \"2\": [1, 2]}", "labels, and the first"},
      {"saint", "class_map.json", "[[[[1]]]]", "near the key"},
      {"saint", "role.json", "{\"tr\": [1]}", "has no 'va'"},
      {"saint", "role.json", "{\"tr\": [1], \"va\": [1], \"te\": []}", "must not overlap"},
      {"saint", "role.json", "{\"tr\": [-1], \"va\": [], \"te\": []}", "does not exist"},
      {"planetoid", "ind.small.test.index", "40\n40\n", "one twice"},
      {"planetoid", "ind.small.test.index", "3\n", "line 1: has node 3"},
      {"planetoid", "ind.small.graph", "\x80\x02N.", "no dictionary"},
      {"planetoid", "ind.small.graph", "cos\nsystem\n.", "names 'os system'"},
      {"edges", "labels.npy", "x", "no numpy array"},
      {"edges", "train.txt", "1\n1\n", "do not ascend"},
  };
  for (const auto& [name, file, bytes, message] : table) {
    const TemporaryFolder scratch;
    fs::copy(folder_.file(name), scratch.file(name), fs::copy_options::recursive);
    scratch.write(name + "/" + file, bytes);
    const std::string error = error_of<InputError>([&, &name = name] { load_dataset(scratch.file(name)); });
    EXPECT_THAT(error, HasSubstr(message)) << name << ' ' << file;
    EXPECT_THAT(error, Not(HasSubstr("\n")));
    fs::remove(scratch.file(name + "/" + file));
    if (file != "raw/node-label.npz" && file != "raw/node-feat.csv.gz" && file != "raw/node-label.csv.gz" &&
        name != "edges") {
      EXPECT_NE(error_of<InputError>([&, &name = name] { load_dataset(scratch.file(name)); }), "")
          << name << " without " << file;
    }
  }
}

}  // namespace
}  // namespace tersegraph
