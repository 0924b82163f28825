// Small files that claim much: nothing near the claim may be set up in memory, and no loop may run that far.
#include <gmock/gmock.h>

#include <filesystem>

#include "base/error.h"
#include "data/dataset.h"
#include "data/npy.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class Bounds : public ::testing::Test {
 protected:
  std::string refusal(const std::string& name) {
    return error_of<InputError>([&] { load_dataset(folder_.file(name)); });
  }
  std::string refusal(const NpzFile& file) {
    folder_.write("a.npz", file.bytes());
    return refusal("a.npz");
  }

  TemporaryFolder folder_;
};

TEST_F(Bounds, NodesThatAreOnlyStated) {
  folder_.write("a.mtx", "%%MatrixMarket matrix coordinate pattern general\n500000000 500000000 1\n1 2\n");
  EXPECT_THAT(refusal("a.mtx"), HasSubstr("fewer than one for 64 nodes"));
  folder_.write("a.txt", "500000000\n1\n");
  EXPECT_THAT(refusal("a.txt"), HasSubstr("too short"));
  std::filesystem::create_directory(folder_.file("raw"));
  folder_.write("raw/num-node-list.csv", "500000000\n");
  folder_.write("raw/num-edge-list.csv", "1\n");
  folder_.write("raw/edge.csv", "0,1\n");
  EXPECT_THAT(refusal(""), HasSubstr("fewer than one for 64 nodes"));
  NpzFile pyg;
  pyg.set<int64_t>("edge_index", {0, 1}, "(2, 1)").set<int64_t>("num_nodes", {500000000});
  EXPECT_THAT(refusal(pyg), HasSubstr("fewer than one for 64 nodes"));
}

TEST_F(Bounds, IsolatedNodesAreAllowed) {
  folder_.write("a.mtx", "%%MatrixMarket matrix coordinate pattern general\n1000000 1000000 1\n1 2\n");
  EXPECT_EQ(load_dataset(folder_.file("a.mtx")).nodes(), 1000000);
}

TEST_F(Bounds, RowsWithoutColumns) {
  const std::string rows = npy("<f8", "(1152921504606846975, 0)", "");
  const ArrayView array = parse_npy(std::as_bytes(std::span(rows)), "a.npy");
  EXPECT_TRUE(to_vector<float>(array).empty());
  NpzFile file;
  file.set<float>("node_features", {}, "(2000000000, 0)").set<int64_t>("edges", {}, "(0, 2)");
  EXPECT_THAT(refusal(file), HasSubstr("no nodes"));
}

TEST_F(Bounds, ColumnsOfSparseFeatures) {
  NpzFile file;
  file.set<int64_t>("adj_indptr", {0, 1, 2}).set<int32_t>("adj_indices", {1, 0});
  file.set<int64_t>("attr_shape", {2, 134217728}).set<int64_t>("attr_indptr", {0, 3, 4});
  file.set<int32_t>("attr_indices", {134217727, 7, 9, 1}).set<float>("attr_data", {1, 2, 3, 4});
  folder_.write("a.npz", file.bytes());
  const Csr features = load_dataset(folder_.file("a.npz")).features.sparse;
  EXPECT_THAT(features.indices, ::testing::ElementsAre(7, 9, 134217727, 1));
  EXPECT_THAT(features.values, ::testing::ElementsAre(2, 3, 1, 4));
}

TEST_F(Bounds, WideRowsOfFewNodes) {
  std::filesystem::create_directory(folder_.file("raw"));
  std::string wide = "1", edges;
  for (int j = 0; j < 50000; ++j) wide += ",1";
  for (int v = 0; v < 3000; ++v) edges += fmt::format("{},{}\n", v, v + 1);
  folder_.write("raw/num-node-list.csv", "150000\n");
  folder_.write("raw/num-edge-list.csv", "3000\n");
  folder_.write("raw/edge.csv", edges);
  folder_.write("raw/node-feat.csv", wide + "\n");
  EXPECT_THAT(refusal(""), HasSubstr("for 150000 nodes the file is too short"));
}

}  // namespace
}  // namespace tersegraph
