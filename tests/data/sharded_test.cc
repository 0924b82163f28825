// Datasets that lie on disk as a file a part.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "data/features.h"
#include "data/npz_files.h"
#include "data/shard_data.h"
#include "data/shard_folder.h"
#include "data/shard_writer.h"
#include "reference/expect_equal.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

using namespace testing;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int64_t kNodes = 50;

Matrix numbers(int64_t cols, double density, uint64_t seed) {
  Random random = reference::numbers(seed);
  Matrix x(kNodes, cols);
  for (int64_t k = 0; k < x.size(); ++k) {
    const auto value = static_cast<float>(random.normal());
    x.data()[k] = random.uniform() < density ? value : 0.0f;
  }
  return x;
}

Csr sparse_of(const Matrix& x) {
  Csr rows;
  rows.cols = x.cols();
  for (int64_t v = 0; v < x.rows(); ++v) {
    for (int32_t c = 0; c < x.cols(); ++c) {
      if (x(v, c) == 0.0f) continue;
      rows.indices.push_back(c);
      rows.values.push_back(x(v, c));
    }
    rows.indptr.push_back(std::ssize(rows.indices));
  }
  return rows;
}

struct Kind {
  std::string name;
  bool directed, weighted, sparse;
  Task task;
};

Dataset dataset_of(const Kind& kind) {
  Dataset dataset;
  dataset.name = "original";
  dataset.graph = reference::random_graph(kNodes, 160, kind.directed, kind.weighted, 3, 1);
  dataset.features.dense = numbers(7, 0.4, 2);
  if (kind.sparse) {
    dataset.features.sparse = sparse_of(dataset.features.dense);
    dataset.features.dense = Matrix();
    dataset.features.is_sparse = true;
  }
  Labels& labels = dataset.labels;
  labels.task = kind.task;
  labels.outputs = kind.task == Task::regression ? 2 : 4;
  if (kind.task == Task::multiclass) {
    for (int64_t v = 0; v < kNodes; ++v) labels.classes.push_back(v % 7 == 6 ? -1 : static_cast<int32_t>(v % 4));
  } else {
    labels.targets = numbers(labels.outputs, 1.0, 3);
    for (int64_t k = 0; kind.task == Task::multilabel && k < labels.targets.size(); ++k) {
      labels.targets.data()[k] = labels.targets.data()[k] > 0 ? 1.0f : 0.0f;
    }
  }
  dataset.splits.resize(kind.directed ? 3 : 1);
  for (size_t k = 0; k < dataset.splits.size(); ++k) {
    Split& split = dataset.splits[k];
    for (int64_t v = 0; v < kNodes; ++v) {
      if (!labels.labelled(v)) continue;
      std::vector<int64_t>* const sets[] = {&split.train, &split.val, &split.test, nullptr};
      if (auto* set = sets[(v * 5 + static_cast<int64_t>(k)) % 4]) set->push_back(v);
    }
  }
  if (kind.directed) {
    for (int64_t v = 0; v < kNodes; ++v) dataset.node_ids.push_back(1000 - 3 * v);
  }
  return dataset;
}

void expect_equal(const Matrix& a, const Matrix& b) {
  ASSERT_EQ(a.rows(), b.rows());
  ASSERT_EQ(a.cols(), b.cols());
  EXPECT_TRUE(std::equal(a.data(), a.data() + a.size(), b.data()));
}

void expect_equal(const Features& a, const Features& b) {
  EXPECT_EQ(a.is_sparse, b.is_sparse);
  expect_equal(a.sparse, b.sparse);
  expect_equal(a.dense, b.dense);
}

void expect_equal(const Labels& a, const Labels& b) {
  EXPECT_EQ(a.task, b.task);
  EXPECT_EQ(a.outputs, b.outputs);
  EXPECT_EQ(a.classes, b.classes);
  expect_equal(a.targets, b.targets);
}

void expect_equal(const Split& a, const Split& b) {
  EXPECT_EQ(a.train, b.train);
  EXPECT_EQ(a.val, b.val);
  EXPECT_EQ(a.test, b.test);
}

class Sharded : public ::testing::TestWithParam<Kind> {
 protected:
  TemporaryFolder folder_;
};

TEST_P(Sharded, PutTogetherAgainIsTheDataset) {
  const Dataset original = dataset_of(GetParam());
  for (const int parts : {1, 3}) {
    const std::string path = folder_.file(fmt::format("shards{}", parts));
    write_shards(WholeRows(original), reference::random_parts(kNodes, parts, 5), "random", path);
    const Dataset again = load_dataset(path);
    EXPECT_EQ(again.format, "sharded");
    EXPECT_EQ(again.graph.directed, original.graph.directed);
    expect_equal(again.graph.adjacency, original.graph.adjacency);
    expect_equal(again.features, original.features);
    expect_equal(again.labels, original.labels);
    EXPECT_EQ(again.node_ids, original.node_ids);
    ASSERT_EQ(again.splits.size(), original.splits.size());
    for (size_t k = 0; k < original.splits.size(); ++k) expect_equal(again.splits[k], original.splits[k]);
  }
}

/// What a rank gets from its file, and from the whole dataset.
TEST_P(Sharded, ARankReadsWhatItWouldCutOut) {
  const Dataset original = dataset_of(GetParam());
  const Partition partition = reference::random_parts(kNodes, 3, 5);
  const ShardManifest manifest = write_shards(WholeRows(original), partition, "random", folder_.file("shards"));
  for (const Normalisation normalisation :
       {Normalisation::symmetric, Normalisation::mean, Normalisation::random_walk}) {
    const Csr matrix = aggregation_operator(original.graph, normalisation);
    for (int rank = 0; rank < 3; ++rank) {
      const WholeData whole(original, matrix, partition, rank);
      const ShardData own(manifest, folder_.file("shards"), rank, normalisation, false);
      const Shard expected = whole.shard(Ordering::clusters, 9), shard = own.shard(Ordering::clusters, 9);
      EXPECT_EQ(shard.rank, rank);
      EXPECT_EQ(shard.ranks, 3);
      EXPECT_EQ(shard.global_nodes, kNodes);
      EXPECT_EQ(shard.owned, expected.owned);
      EXPECT_EQ(shard.halo, expected.halo);
      EXPECT_EQ(shard.halo_offsets, expected.halo_offsets);
      expect_equal(shard.local, expected.local);
      expect_equal(shard.remote, expected.remote);
      expect_equal(own.features(shard.owned), whole.features(shard.owned));
      expect_equal(own.labels(shard.owned), whole.labels(shard.owned));
      EXPECT_EQ(own.shape().feature_entries, whole.shape().feature_entries);
      EXPECT_EQ(own.shape().edges, whole.shape().edges);
    }
  }
}

TEST_P(Sharded, NormalizedFeaturesAreThoseOfTheWhole) {
  Dataset original = dataset_of(GetParam());
  const Partition partition = reference::random_parts(kNodes, 2, 5);
  const ShardManifest manifest = write_shards(WholeRows(original), partition, "random", folder_.file("shards"));
  const ShardData own(manifest, folder_.file("shards"), 1, Normalisation::mean, true);
  normalize_rows(original.features);
  expect_equal(own.features(own.owned()), take_rows(original.features, own.owned()));
}

const Kind kKinds[] = {{"Plain", false, false, false, Task::multiclass},
                       {"DirectedWeightedSparse", true, true, true, Task::multiclass},
                       {"WeightedMultilabel", false, true, false, Task::multilabel},
                       {"DirectedRegression", true, false, false, Task::regression}};
INSTANTIATE_TEST_SUITE_P(All, Sharded, ::testing::ValuesIn(kKinds), [](const auto& info) { return info.param.name; });

class ShardedFiles : public ::testing::Test {
 protected:
  ShardedFiles() : dataset_(dataset_of(kKinds[0])) {
    manifest_ = write_shards(WholeRows(dataset_), parts(5), "random", folder_.file("shards"));
  }
  static Partition parts(uint64_t seed) { return reference::random_parts(kNodes, 3, seed); }
  std::string path(std::string_view name) const { return folder_.file(fmt::format("shards/{}", name)); }
  std::string refusal() const {
    return error_of<InputError>([&] { load_dataset(folder_.file("shards")); });
  }

  TemporaryFolder folder_;
  Dataset dataset_;
  ShardManifest manifest_;
};

TEST_F(ShardedFiles, TheManifestSaysWhatWasWritten) {
  const ShardManifest read = read_manifest(folder_.file("shards"));
  EXPECT_EQ(read.facts.name, "original");
  EXPECT_EQ(read.facts.nodes, kNodes);
  EXPECT_EQ(read.facts.edges, dataset_.graph.edges());
  EXPECT_EQ(read.facts.features, 7);
  EXPECT_EQ(read.facts.outputs, 4);
  EXPECT_EQ(read.partitioner, "random");
  EXPECT_EQ(read.fingerprint, manifest_.fingerprint);
  EXPECT_EQ(read.shards, manifest_.shards);
  EXPECT_EQ(read.partition.halo_rows, inspect(dataset_.graph, parts(5)).halo_rows);
  EXPECT_EQ(manifest_text(read), manifest_text(manifest_));
}

TEST_F(ShardedFiles, ARankNeedsTheManifestAndItsOwnFileAlone) {
  fs::remove(path("shard-0.npz"));
  fs::remove(path("shard-2.npz"));
  const ShardManifest manifest = read_manifest(folder_.file("shards"));
  const ShardData own(manifest, folder_.file("shards"), 1, Normalisation::symmetric, false);
  const Csr matrix = aggregation_operator(dataset_.graph, Normalisation::symmetric);
  expect_equal(own.shard(Ordering::none, 0).remote,
               WholeData(dataset_, matrix, parts(5), 1).shard(Ordering::none, 0).remote);
  EXPECT_THAT(refusal(), HasSubstr("shard-0.npz"));
}

TEST_F(ShardedFiles, TheSameDatasetGivesTheSameBytes) {
  write_shards(WholeRows(dataset_), parts(5), "random", folder_.file("again"));
  for (const char* name : {"manifest.json", "shard-0.npz", "shard-1.npz", "shard-2.npz"}) {
    EXPECT_EQ(read_bytes(path(name)), read_bytes(folder_.file(fmt::format("again/{}", name))));
  }
}

TEST_F(ShardedFiles, FilesOfOtherPartsAndOtherDatasetsAreTold) {
  const std::string good = read_bytes(path("shard-1.npz"));
  Dataset other = dataset_of(kKinds[0]);
  other.features.dense(3, 3) += 1;
  write_shards(WholeRows(other), parts(5), "random", folder_.file("other"));
  folder_.write("shards/shard-1.npz", read_bytes(folder_.file("other/shard-1.npz")));
  EXPECT_THAT(refusal(), HasSubstr("shard-1.npz: is part 1 of 3 of another dataset"));
  fs::remove(path("shard-1.npz"));
  EXPECT_THAT(refusal(), HasSubstr("shard-1.npz: cannot read"));
  folder_.write("shards/shard-1.npz", good.substr(0, good.size() / 2));
  EXPECT_NE(refusal(), "");
  folder_.write("shards/shard-1.npz", good);
  EXPECT_EQ(refusal(), "");
}

/// Of every byte that is changed, either someone is told or nothing depends on it.
TEST_F(ShardedFiles, DamageIsSeen) {
  for (const char* name : {"shard-1.npz", "manifest.json"}) {
    const std::string good = read_bytes(path(name));
    for (size_t at = 0; at < good.size(); at += 23) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      folder_.write(fmt::format("shards/{}", name), bad);
      if (!refusal().empty()) continue;
      const Dataset read = load_dataset(folder_.file("shards"));
      expect_equal(read.graph.adjacency, dataset_.graph.adjacency);
      expect_equal(read.features, dataset_.features);
      expect_equal(read.labels, dataset_.labels);
    }
    folder_.write(fmt::format("shards/{}", name), good);
  }
}

TEST_F(ShardedFiles, AManifestThatClaimsMuchIsRefused) {
  ShardManifest manifest = manifest_;
  manifest.facts.nodes += 2000000000;
  manifest.shards[0].nodes += 2000000000;
  folder_.write("shards/manifest.json", manifest_text(manifest));
  EXPECT_THAT(refusal(), HasSubstr("contradict"));
  manifest = manifest_;
  manifest.facts.features = 2000000000;
  folder_.write("shards/manifest.json", manifest_text(manifest));
  EXPECT_THAT(refusal(), HasSubstr("contradict"));
}

TEST_F(ShardedFiles, NothingIsLeftOfAFolderThatWasNotFinished) {
  const auto stop = [](int part) {
    if (part == 1) fail_run("the disk is full");
  };
  EXPECT_THROW(write_shards(WholeRows(dataset_), parts(5), "random", folder_.file("unfinished"), stop), RunError);
  EXPECT_EQ(folder_.files(), 1u);
  EXPECT_THAT(
      error_of<InputError>([&] { write_shards(WholeRows(dataset_), parts(5), "random", folder_.file("shards")); }),
      HasSubstr("is there already"));
  EXPECT_NE(error_of<InputError>([&] { write_shards(WholeRows(dataset_), parts(5), "random", "/proc/shards"); }), "");
}

}  // namespace
}  // namespace tersegraph
