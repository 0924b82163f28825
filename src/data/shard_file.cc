#include "data/shard_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "data/assemble.h"
#include "data/split.h"

namespace tersegraph {
namespace {

constexpr int64_t kVersion = 1;

std::vector<int64_t> identity_of(int part, int parts, int64_t nodes, uint64_t fingerprint) {
  return {kVersion, part, parts, nodes, static_cast<int64_t>(fingerprint)};
}

void add_rows(NpzWriter& npz, const std::string& name, const Csr& rows) {
  npz.add(name + "_indptr", rows.indptr);
  npz.add(name + "_indices", rows.indices);
  if (rows.weighted()) npz.add(name + "_weights", rows.values);
}

void add_matrix(NpzWriter& npz, const char* name, const Matrix& x) {
  const int64_t shape[] = {x.rows(), x.cols()};
  npz.add(name, std::span<const float>(x.data(), static_cast<size_t>(x.size())), shape);
}

void add_features(NpzWriter& npz, const Features& features) {
  if (features.empty()) return;
  if (!features.is_sparse) return add_matrix(npz, "attr", features.dense);
  npz.add("attr_indptr", features.sparse.indptr);
  npz.add("attr_indices", features.sparse.indices);
  npz.add("attr_data", features.sparse.values);
}

void add_labels(NpzWriter& npz, const Labels& labels) {
  if (labels.outputs == 0) return;
  if (labels.task == Task::multiclass) return npz.add("labels", labels.classes);
  add_matrix(npz, "labels", labels.targets);
}

void add_splits(NpzWriter& npz, const std::vector<Split>& splits, const std::vector<int64_t>& owned) {
  if (splits.empty()) return;
  std::vector<uint8_t> sets(splits.size() * owned.size(), 0);
  for (size_t k = 0; k < splits.size(); ++k) {
    for (uint8_t set = 0; set < 3; ++set) {
      for (const int64_t node : splits[k].*kSplitSets[set]) {
        const auto at = std::ranges::lower_bound(owned, node) - owned.begin();
        sets[k * owned.size() + at] = set + 1;
      }
    }
  }
  const int64_t shape[] = {std::ssize(splits), std::ssize(owned)};
  npz.add("splits", std::span<const uint8_t>(sets), shape);
}

template <class T>
std::vector<T> column(const NpzReader& npz, const std::string& name, int64_t size) {
  const OwnedArray array = npz.read(name);
  if (array.dimensions() != 1 || array.size() != size) {
    fail_input("{}: has shape {} where ({},) is needed", array.what, array.shape_words(), size);
  }
  return to_vector<T>(array);
}

bool strictly_ascends(std::span<const int64_t> ids, int64_t limit) {
  const auto bad = std::ranges::adjacent_find(ids, std::ranges::greater_equal());
  return bad == ids.end() && (ids.empty() || (ids.front() >= 0 && ids.back() < limit));
}

}  // namespace

void write_shard_file(const std::string& path, uint64_t fingerprint, const ShardContents& contents) {
  const Shard& shard = contents.shard;
  NpzWriter npz(path, Compression::stored);
  npz.add("identity", identity_of(shard.rank, shard.ranks, shard.global_nodes, fingerprint));
  npz.add("owned", shard.owned);
  npz.add("halo", shard.halo);
  npz.add("halo_offsets", shard.halo_offsets);
  npz.add("halo_degrees", contents.halo_degrees);
  add_rows(npz, "local", shard.local);
  add_rows(npz, "remote", shard.remote);
  add_features(npz, contents.features);
  add_labels(npz, contents.labels);
  add_splits(npz, contents.splits, shard.owned);
  if (!contents.node_ids.empty()) npz.add("node_ids", contents.node_ids);
  npz.finish();
}

ShardFile::ShardFile(const ShardManifest& manifest, const std::string& folder, int part)
    : manifest_(manifest), part_(part), npz_(shard_path(folder, part)) {
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(npz_.path()));
  if (bytes != manifest.shards[part].bytes) {
    fail_input("{}: has {} bytes where the manifest says {}; copy the right file", npz_.path(), bytes,
               manifest.shards[part].bytes);
  }
  const std::vector<int64_t> expected = identity_of(part, manifest.parts(), manifest.facts.nodes, manifest.fingerprint);
  const auto found = column<int64_t>(npz_, "identity", std::ssize(expected));
  if (found[0] != kVersion) {
    fail_input("{}: is of version {}, and this program reads version {}", npz_.path(), found[0], kVersion);
  }
  if (found != expected) {
    fail_input("{}: is part {} of {} of {} dataset, not part {} of {} of this one; copy the right file", npz_.path(),
               found[1], found[2], found[3] == expected[3] && found[4] == expected[4] ? "this" : "another", part,
               manifest.parts());
  }
}

void ShardFile::damaged(const std::string& how) const {
  fail_input("{}: {}; make the shards again", npz_.path(), how);
}

std::vector<int64_t> ShardFile::owned() const {
  std::vector<int64_t> ids = column<int64_t>(npz_, "owned", nodes());
  if (!strictly_ascends(ids, manifest_.facts.nodes)) damaged("owned ids do not ascend within the graph");
  return ids;
}

/// Rows that ascend, as the graph's own do.
Csr ShardFile::rows(const std::string& name, int64_t cols) const {
  std::optional<OwnedArray> weights;
  if (manifest_.facts.weighted) weights = npz_.read_if_there(name + "_weights");
  const OwnedArray* const values = weights ? &*weights : nullptr;
  Csr rows = make_csr(nodes(), cols, npz_.read(name + "_indptr"), npz_.read(name + "_indices"), values);
  if (manifest_.facts.weighted && rows.nnz() > 0 && !rows.weighted()) damaged(name + " edges have no weights");
  for (int64_t i = 0; i < rows.rows(); ++i) {
    const auto first = rows.indices.begin() + rows.indptr[i], last = rows.indices.begin() + rows.indptr[i + 1];
    if (std::adjacent_find(first, last, std::greater_equal<>()) != last) damaged(name + " columns do not ascend");
  }
  return rows;
}

Shard ShardFile::shard() const {
  const auto& entry = manifest_.shards[part_];
  Shard shard;
  shard.rank = part_;
  shard.ranks = manifest_.parts();
  shard.global_nodes = manifest_.facts.nodes;
  shard.owned = owned();
  shard.halo = column<int64_t>(npz_, "halo", entry.halo);
  shard.halo_offsets = column<int64_t>(npz_, "halo_offsets", shard.ranks + 1);
  const auto& offsets = shard.halo_offsets;
  if (offsets.front() != 0 || offsets.back() != entry.halo || !std::ranges::is_sorted(offsets) ||
      offsets[part_] != offsets[part_ + 1]) {
    damaged("halo_offsets do not part the halo");
  }
  for (int owner = 0; owner < shard.ranks; ++owner) {
    const auto ids = std::span(shard.halo).subspan(offsets[owner], offsets[owner + 1] - offsets[owner]);
    if (!strictly_ascends(ids, shard.global_nodes)) damaged("halo ids do not ascend within the graph");
  }
  shard.local = rows("local", entry.nodes);
  shard.remote = rows("remote", entry.halo);
  if (shard.local.nnz() + shard.remote.nnz() != entry.entries) damaged("it has other edges than the manifest says");
  return shard;
}

std::vector<double> ShardFile::halo_degrees() const {
  return column<double>(npz_, "halo_degrees", manifest_.shards[part_].halo);
}

Labels ShardFile::labels() const {
  Labels labels;
  labels.task = manifest_.facts.task;
  labels.outputs = manifest_.facts.outputs;
  if (labels.outputs == 0) return labels;
  if (labels.task == Task::multiclass) {
    labels.classes = column<int32_t>(npz_, "labels", nodes());
    const auto [least, most] = std::ranges::minmax(labels.classes);
    if (least < -1 || most >= labels.outputs) damaged("labels are out of range");
    return labels;
  }
  const OwnedArray array = npz_.read("labels");
  if (array.shape != std::vector<int64_t>{nodes(), labels.outputs}) damaged("labels have another shape");
  labels.targets.reshape(nodes(), labels.outputs);
  copy_to(array, labels.targets);
  return labels;
}

std::vector<Split> ShardFile::splits(std::span<const int64_t> owned) const {
  const int64_t count = std::ssize(manifest_.facts.splits);
  if (count == 0) return {};
  const OwnedArray array = npz_.read("splits");
  if (array.shape != std::vector<int64_t>{count, nodes()}) damaged("splits have another shape");
  const std::vector<uint8_t> sets = to_vector<uint8_t>(array);
  std::vector<Split> splits(count);
  for (int64_t k = 0; k < count; ++k) {
    for (int64_t i = 0; i < nodes(); ++i) {
      const uint8_t set = sets[k * nodes() + i];
      if (set > 3) damaged("splits hold other numbers than 0 to 3");
      if (set > 0) (splits[k].*kSplitSets[set - 1]).push_back(owned[i]);
    }
  }
  return splits;
}

std::vector<int64_t> ShardFile::node_ids() const {
  return npz_.has("node_ids") ? column<int64_t>(npz_, "node_ids", nodes()) : std::vector<int64_t>();
}

Csr ShardFile::sparse_rows() const {
  const OwnedArray values = npz_.read("attr_data");
  return make_csr(nodes(), manifest_.facts.features, npz_.read("attr_indptr"), npz_.read("attr_indices"), &values);
}

void ShardFile::dense_rows(const std::function<void(int64_t, ConstMatrixView)>& take) const {
  SlabReader rows = npz_.open("attr");
  if (rows.header().shape != std::vector<int64_t>{nodes(), manifest_.facts.features}) {
    damaged("attr has another shape");
  }
  read_rows(std::move(rows), take);
}

}  // namespace tersegraph
