#include <optional>
#include <utility>

#include "base/error.h"
#include "data/assemble.h"
#include "data/dataset_rows.h"
#include "data/formats.h"
#include "data/row_blocks.h"

namespace tersegraph {
namespace {

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
    std::vector<int32_t> columns;
    std::vector<float> values;
    for_each_row_block(indptr_, [&](int64_t begin, int64_t end) {
      const int64_t count = indptr_[end] - indptr_[begin];
      copy_to(indices_.next(count), columns);
      if (values_) copy_to(values_->next(count), values);
      see_rows(indptr_, begin, end, columns, values, see);
    });
    indices_.finish();
    if (values_) values_->finish();
  }

 private:
  const std::vector<int64_t>& indptr_;
  SlabReader indices_;
  std::optional<SlabReader> values_;
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
  const std::vector<int64_t>& indptr() const override { return head_.graph.adjacency.indptr; }
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

}  // namespace

std::unique_ptr<DatasetRows> open_tersegraph(const std::string& path) {
  return std::make_unique<StoredRows>(path);
}

}  // namespace tersegraph
