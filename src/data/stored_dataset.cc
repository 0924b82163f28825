#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/rng.h"
#include "data/assemble.h"
#include "data/dataset_rows.h"
#include "data/formats.h"
#include "data/validate.h"

namespace tersegraph {
namespace {

constexpr int64_t kSlabEntries = 1 << 20;

/// A CSR of an .npz file, of which the row pointers are in memory.
class CsrRows {
 public:
  CsrRows(const NpzReader& npz, const std::vector<int64_t>& indptr, const std::string& indices,
          const std::string& values)
      : indptr_(indptr), indices_(npz.open(indices)) {
    if (npz.has(values)) values_ = npz.open(values);
    if (values_ && values_->rows() != indices_.rows()) {
      fail_input("{}: has {} entries, and {} has {}", values_->what(), values_->rows(), indices_.what(),
                 indices_.rows());
    }
  }

  void read(const DatasetRows::SeeSparse& see) {
    const int64_t rows = std::ssize(indptr_) - 1;
    for (int64_t begin = 0; begin < rows;) {
      const auto limit = indptr_.begin() + begin + 1, last = indptr_.end();
      const int64_t end = std::max<int64_t>(
          begin + 1, std::upper_bound(limit, last, indptr_[begin] + kSlabEntries) - indptr_.begin() - 1);
      see_block(begin, end, see);
      begin = end;
    }
    indices_.finish();
    if (values_) values_->finish();
  }

 private:
  void see_block(int64_t begin, int64_t end, const DatasetRows::SeeSparse& see) {
    const int64_t from = indptr_[begin], count = indptr_[end] - from;
    copy_to(indices_.next(count), columns_);
    if (values_) copy_to(values_->next(count), weights_);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = indptr_[i] - from, length = indptr_[i + 1] - indptr_[i];
      see(i, std::span(columns_).subspan(at, length),
          values_ ? std::span<const float>(weights_).subspan(at, length) : std::span<const float>());
    }
  }

  const std::vector<int64_t>& indptr_;
  SlabReader indices_;
  std::optional<SlabReader> values_;
  std::vector<int32_t> columns_;
  std::vector<float> weights_;
};

class StoredRows final : public DatasetRows {
 public:
  explicit StoredRows(const std::string& path) : npz_(path), head_(read_head(npz_)) {
    head_.name = dataset_name(path);
    head_.format = kSchemaName;
    shape_ = shape_of(head_);
    shape_.weighted = npz_.has("edge_weight");
    if (npz_.has("attr")) {
      const SlabReader attr = npz_.open("attr");
      if (attr.header().shape.size() != 2) fail_input("{}: is not of shape (nodes, features)", attr.what());
      check_feature_rows(attr.rows());
      shape_.features = attr.header().shape[1];
      shape_.feature_entries = shape_.nodes * shape_.features;
    } else if (npz_.has("attr_indptr")) {
      read_sparse_shape();
    }
  }

  DatasetShape shape() const override { return shape_; }
  const Dataset& head() const override { return head_; }
  void edges(const SeeSparse& see) const override {
    CsrRows(npz_, head_.graph.adjacency.indptr, "adj_indices", "edge_weight").read(see);
  }
  void dense_features(const SeeDense& see) const override {
    if (shape_.features > 0 && !shape_.sparse_features) read_rows(npz_.open("attr"), see);
  }
  void sparse_features(const SeeSparse& see) const override {
    if (shape_.sparse_features) CsrRows(npz_, attr_indptr_, "attr_indices", "attr_data").read(see);
  }

 private:
  void read_sparse_shape() {
    const auto [rows, cols] = shape_of(npz_.read("attr_shape"));
    const SlabReader indices = npz_.open("attr_indices");
    attr_indptr_ = row_pointers(rows, npz_.read("attr_indptr"), indices.rows(), indices.what());
    check_feature_rows(rows);
    shape_.sparse_features = true;
    shape_.features = cols;
    shape_.feature_entries = indices.rows();
  }

  void check_feature_rows(int64_t rows) const {
    if (rows != shape_.nodes) fail_input("{}: features of {} nodes, and {} nodes", npz_.path(), rows, shape_.nodes);
  }

  NpzReader npz_;
  Dataset head_;
  DatasetShape shape_;
  std::vector<int64_t> attr_indptr_;
};

class LoadedRows final : public DatasetRows {
 public:
  explicit LoadedRows(const std::string& data) : dataset_(load_dataset(data)) {}

  DatasetShape shape() const override { return rows_.shape(); }
  const Dataset& head() const override { return dataset_; }
  void edges(const SeeSparse& see) const override { rows_.edges(see); }
  void dense_features(const SeeDense& see) const override { rows_.dense_features(see); }
  void sparse_features(const SeeSparse& see) const override { rows_.sparse_features(see); }

 private:
  Dataset dataset_;
  WholeRows rows_{dataset_};
};

/// Rows ascend strictly and lie in 0..cols-1, values are finite.
bool is_plain(std::span<const int32_t> columns, std::span<const float> values, int64_t cols) {
  if (!columns.empty() && (columns.front() < 0 || columns.back() >= cols)) return false;
  return std::ranges::adjacent_find(columns, std::greater_equal<>()) == columns.end() &&
         std::ranges::all_of(values, [](float x) { return std::isfinite(x); });
}

/// Whether edges and features can be used as they are; labels and splits are not looked at. Of an undirected graph the
/// edges and their reverses must have equal sums of 64-bit hashes, which tells them apart but for a chance of 2^-64.
bool is_plain(const DatasetRows& rows) {
  const DatasetShape shape = rows.shape();
  bool plain = shape.nodes > 0;
  uint64_t forward = 0, backward = 0;
  const auto hash = [](int64_t u, int64_t v, uint32_t weight) {
    return mix64(mix64(static_cast<uint64_t>(u) << 32 | static_cast<uint64_t>(v)) ^ weight);
  };
  rows.edges([&](int64_t u, std::span<const int32_t> targets, std::span<const float> weights) {
    plain = plain && is_plain(targets, weights, shape.nodes) &&
            !std::ranges::binary_search(targets, static_cast<int32_t>(u));
    if (!plain || shape.directed) return;
    for (size_t e = 0; e < targets.size(); ++e) {
      const uint32_t weight = weights.empty() ? 0 : std::bit_cast<uint32_t>(weights[e]);
      forward += hash(u, targets[e], weight);
      backward += hash(targets[e], u, weight);
    }
  });
  if (!plain || forward != backward) return false;
  rows.dense_features([&](int64_t, ConstMatrixView x) {
    plain = plain && std::all_of(x.data, x.data + x.size(), [](float value) { return std::isfinite(value); });
  });
  rows.sparse_features([&](int64_t, std::span<const int32_t> columns, std::span<const float> values) {
    plain = plain && is_plain(columns, values, shape.features);
  });
  return plain;
}

bool holds_schema(const std::string& data) {
  std::error_code unreadable;
  return data.ends_with(".npz") && std::filesystem::is_regular_file(data, unreadable) && in_schema(NpzReader(data));
}

}  // namespace

std::unique_ptr<DatasetRows> open_dataset(const std::string& data) {
  if (!holds_schema(data)) return std::make_unique<LoadedRows>(data);
  try {
    auto stored = std::make_unique<StoredRows>(data);
    validate_node_data(stored->head(), data);
    if (is_plain(*stored)) return stored;
  } catch (const InputError& error) {
    fail_input("{} (read as {})", error.what(), kSchemaName);
  }
  // What is not plain is mended when it is loaded, or the error is told there.
  return std::make_unique<LoadedRows>(data);
}

}  // namespace tersegraph
