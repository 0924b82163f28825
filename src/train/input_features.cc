#include "train/input_features.h"

#include <utility>

#include "augment/feature_rows.h"

namespace tersegraph {

namespace {

bool few(int64_t entries, int64_t rows, int64_t cols) {
  return static_cast<double>(entries) <= kSparseDensity * static_cast<double>(rows) * static_cast<double>(cols);
}

}  // namespace

bool stays_sparse(const Csr& x) {
  return few(x.nnz(), x.rows(), x.cols);
}
bool stays_sparse(const DatasetShape& dataset) {
  return dataset.sparse_features && few(dataset.feature_entries, dataset.nodes, dataset.features);
}

InputFeatures::InputFeatures(Features rows, Aggregation& aggregation, ConvOrder order, bool root, float dropout) {
  const std::vector<int64_t>& owned = aggregation.shard().owned;
  if (rows.is_sparse && order != ConvOrder::aggregate_first) {
    sparse_ = std::move(rows.sparse);
  } else {
    dense_ = rows.is_sparse ? to_dense(rows.sparse) : std::move(rows.dense);
  }
  if (order == ConvOrder::aggregated_input) {
    aggregate_once(aggregation);
    if (!root) {
      dense_ = Matrix();
      sparse_ = Csr();
      return;
    }
  }
  if (sparse_.cols > 0 && !stays_sparse(sparse_)) {
    dense_ = to_dense(sparse_);
    sparse_ = Csr();
  }
  rows_ = sparse_.cols > 0 ? InputRows(sparse_.view(), owned, dropout) : InputRows(dense_.view(), owned, dropout);
}

void InputFeatures::aggregate_once(Aggregation& aggregation) {
  if (sparse_.cols == 0) {
    aggregated_.reshape(dense_.rows(), dense_.cols());
    PhaseSeconds seconds;
    aggregation.forward(dense_, aggregated_, {.kind = Traffic::layer0}, seconds);
    aggregation.release_buffers();
    return;
  }
  aggregated_sparse_ = aggregation.forward_sparse(sparse_);
  if (!stays_sparse(aggregated_sparse_)) {
    aggregated_ = to_dense(aggregated_sparse_);
    aggregated_sparse_ = Csr();
  } else {
    aggregated_transposed_ = transpose(aggregated_sparse_);
  }
}

ModelInput InputFeatures::prepare(const ModelPass& pass) {
  ModelInput input{.features = rows_.prepare(pass), .aggregated = {}, .product = {}};
  if (!aggregated_.empty()) {
    input.aggregated = Operand::of(aggregated_);
  } else if (aggregated_sparse_.cols > 0) {
    input.aggregated = Operand::of(aggregated_sparse_, aggregated_transposed_);
  }
  return input;
}

}  // namespace tersegraph
