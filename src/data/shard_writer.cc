#include "data/shard_writer.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/unfinished.h"
#include "data/contents_checksum.h"
#include "data/features.h"
#include "data/rank_data.h"
#include "data/shard_file.h"
#include "data/split.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

/// A folder that goes away unless it is given its name.
class NewFolder {
 public:
  explicit NewFolder(const std::string& folder) : folder_(fs::absolute(folder).lexically_normal()) {
    if (!folder_.has_filename()) folder_ = folder_.parent_path();
    const std::string temporary = fmt::format("{}.{}.tmp", folder_.string(), getpid());
    std::error_code error;
    fs::create_directories(folder_.parent_path(), error);
    if (error || !temporary_.begin(temporary, [&] { return fs::create_directory(temporary, error); })) {
      fail_input("{}: cannot be made: {}", folder, error ? error.message() : "its temporary folder is in the way");
    }
  }

  const std::string& path() const { return temporary_.path(); }
  void commit() {
    std::error_code error;
    fs::rename(temporary_.path(), folder_, error);
    if (error) fail_input("{}: cannot take this name: {}", folder_.string(), error.message());
    temporary_.finished();
  }

 private:
  fs::path folder_;
  Unfinished temporary_;
};

/// What every shard needs to know of the whole graph.
class GraphSurvey {
 public:
  GraphSurvey(const DatasetRows& rows, const Partition& partition)
      : entries_(rows.shape().nodes),
        degrees_(rows.shape().nodes),
        loop_due_(rows.shape().nodes, true),
        parts_(partition) {
    rows.edges([&](int64_t u, std::span<const int32_t> targets, std::span<const float> weights) {
      parts_.see(u, targets);
      add_checksum(checksum_, targets);
      add_checksum(checksum_, weights);
      for (size_t e = 0; e < targets.size(); ++e) add(u, targets[e], weights.empty() ? 1.0f : weights[e]);
    });
    for (size_t v = 0; v < degrees_.size(); ++v) degrees_[v] += loop_due_[v];
  }

  const std::vector<int64_t>& entries() const { return entries_; }  ///< edges into each node
  const std::vector<double>& degrees() const { return degrees_; }   ///< degrees_with_loops()
  PartitionFacts parts() const { return parts_.facts(); }
  uint64_t checksum() const { return checksum_; }

 private:
  /// Sums in the order of the sources, the node's own loop among them, as degrees_with_loops() does.
  void add(int64_t u, int32_t v, float weight) {
    ++entries_[v];
    if (loop_due_[v] && u >= v) {
      degrees_[v] += u > v;
      loop_due_[v] = false;
    }
    degrees_[v] += weight;
  }

  std::vector<int64_t> entries_;
  std::vector<double> degrees_;
  std::vector<bool> loop_due_;
  PartitionCount parts_;
  uint64_t checksum_ = 0;
};

uint64_t fingerprint_of(const DatasetRows& rows, const GraphSurvey& survey, const Partition& partition) {
  uint64_t sum = survey.checksum() + static_cast<uint64_t>(partition.parts);
  rows.dense_features([&](int64_t, ConstMatrixView x) {
    for (int64_t i = 0; i < x.rows; ++i) add_checksum(sum, std::span(x.row(i), static_cast<size_t>(x.cols)));
  });
  rows.sparse_features([&](int64_t, std::span<const int32_t> columns, std::span<const float> values) {
    add_checksum(sum, columns);
    add_checksum(sum, values);
  });
  add_checksum(sum, rows.head().labels);
  add_checksum(sum, rows.head().splits);
  add_checksum(sum, std::span<const int32_t>(partition.part_of));
  return sum;
}

/// Row v lists the in-neighbours of v for the nodes of one part; the other rows are empty. They come out ascending,
/// since the sources ascend.
Csr in_neighbours(const DatasetRows& rows, const GraphSurvey& survey, const Partition& partition, int part) {
  const DatasetShape shape = rows.shape();
  Csr a;
  a.cols = shape.nodes;
  a.indptr.assign(shape.nodes + 1, 0);
  for (int64_t v = 0; v < shape.nodes; ++v) {
    a.indptr[v + 1] = a.indptr[v] + (partition.part_of[v] == part ? survey.entries()[v] : 0);
  }
  a.indices.resize(a.nnz());
  if (shape.weighted) a.values.resize(a.nnz());
  std::vector<int64_t> next(a.indptr.begin(), a.indptr.end() - 1);
  rows.edges([&](int64_t u, std::span<const int32_t> targets, std::span<const float> weights) {
    for (size_t e = 0; e < targets.size(); ++e) {
      if (partition.part_of[targets[e]] != part) continue;
      const int64_t to = next[targets[e]]++;
      a.indices[to] = static_cast<int32_t>(u);
      if (shape.weighted) a.values[to] = weights[e];
    }
  });
  return a;
}

Features features_of(const DatasetRows& rows, std::span<const int64_t> owned) {
  const DatasetShape shape = rows.shape();
  Features features;
  features.is_sparse = shape.sparse_features;
  size_t next = 0;
  const auto is_next = [&](int64_t v) { return next < owned.size() && owned[next] == v; };
  if (shape.sparse_features) {
    Csr& x = features.sparse;
    x.cols = shape.features;
    rows.sparse_features([&](int64_t v, std::span<const int32_t> columns, std::span<const float> values) {
      if (!is_next(v)) return;
      ++next;
      x.indices.insert(x.indices.end(), columns.begin(), columns.end());
      x.indptr.push_back(std::ssize(x.indices));
      x.values.insert(x.values.end(), values.begin(), values.end());
      x.values.resize(x.indices.size(), 1.0f);
    });
    return features;
  }
  if (shape.features > 0) features.dense.reshape(std::ssize(owned), shape.features);
  rows.dense_features([&](int64_t first, ConstMatrixView x) {
    for (int64_t i = 0; i < x.rows; ++i) {
      if (is_next(first + i)) std::copy_n(x.row(i), x.cols, features.dense.row(static_cast<int64_t>(next++)));
    }
  });
  return features;
}

Split part_of_split(const Split& split, const Partition& partition, int part) {
  Split own;
  for (const auto set : kSplitSets) {
    std::ranges::copy_if(split.*set, std::back_inserter(own.*set),
                         [&](int64_t v) { return partition.part_of[v] == part; });
  }
  return own;
}

ShardContents contents_of(const DatasetRows& rows, const GraphSurvey& survey, const Partition& partition, int part) {
  const Dataset& head = rows.head();
  ShardContents contents;
  contents.shard = build_shard(in_neighbours(rows, survey, partition, part), partition, part, Ordering::none, 0);
  const Shard& shard = contents.shard;
  for (const int64_t u : shard.halo) contents.halo_degrees.push_back(survey.degrees()[u]);
  contents.features = features_of(rows, shard.owned);
  if (head.labels.outputs > 0) contents.labels = take_rows(head.labels, shard.owned);
  for (const Split& split : head.splits) contents.splits.push_back(part_of_split(split, partition, part));
  if (!head.node_ids.empty()) {
    for (const int64_t v : shard.owned) contents.node_ids.push_back(head.node_ids[v]);
  }
  return contents;
}

}  // namespace

void check_new_folder(const std::string& folder) {
  std::error_code ignored;
  const bool empty_folder = fs::is_directory(folder, ignored) && fs::is_empty(folder, ignored);
  if (fs::exists(folder, ignored) && !empty_folder) {
    fail_input("{}: is there already; give another name, or remove it first", folder);
  }
}

ShardManifest write_shards(const DatasetRows& rows, const Partition& partition, const std::string& partitioner,
                           const std::string& folder, const std::function<void(int)>& progress) {
  check_new_folder(folder);
  NewFolder place(folder);
  const GraphSurvey survey(rows, partition);
  ShardManifest manifest;
  manifest.facts = describe(rows);
  manifest.partitioner = partitioner;
  manifest.partition = survey.parts();
  manifest.fingerprint = fingerprint_of(rows, survey, partition);
  for (int part = 0; part < partition.parts; ++part) {
    const ShardContents contents = contents_of(rows, survey, partition, part);
    const std::string path = shard_path(place.path(), part);
    write_shard_file(path, manifest.fingerprint, contents);
    const Shard& shard = contents.shard;
    manifest.shards.push_back({shard.owned_count(), shard.halo_count(), shard.local.nnz() + shard.remote.nnz(),
                               static_cast<int64_t>(fs::file_size(path))});
    if (progress) progress(part);
  }
  write_file_atomically(place.path() + "/manifest.json", manifest_text(manifest));
  place.commit();
  return manifest;
}

}  // namespace tersegraph
