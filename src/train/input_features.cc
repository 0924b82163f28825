#include "train/input_features.h"

#include <algorithm>

#include "base/parallel.h"

namespace tersegraph {
namespace {

/// A X is kept sparse below this density: a stored entry costs about ten times a dense one to multiply.
constexpr double kSparseDensity = 0.1;

Matrix dense_rows(const Features& features, const std::vector<int64_t>& nodes) {
  Matrix x(static_cast<int64_t>(nodes.size()), features.cols());
  parallel_blocks(x.rows(), 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (!features.is_sparse) {
        std::copy_n(features.dense.row(nodes[i]), x.cols(), x.row(i));
        continue;
      }
      const CsrView sparse = features.sparse;
      std::fill_n(x.row(i), x.cols(), 0.0f);
      for (int64_t e = sparse.begin(nodes[i]); e < sparse.end(nodes[i]); ++e) x(i, sparse.indices[e]) = sparse.value(e);
    }
  });
  return x;
}

Csr sparse_rows(CsrView features, const std::vector<int64_t>& nodes) {
  Csr x;
  x.cols = features.cols;
  for (const int64_t node : nodes) {
    for (int64_t e = features.begin(node); e < features.end(node); ++e) {
      x.indices.push_back(features.indices[e]);
      x.values.push_back(features.value(e));
    }
    x.indptr.push_back(static_cast<int64_t>(x.indices.size()));
  }
  return x;
}

Matrix to_dense(CsrView sparse) {
  Matrix x(sparse.rows, sparse.cols);
  parallel_blocks(x.rows(), 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::fill_n(x.row(i), x.cols(), 0.0f);
      for (int64_t e = sparse.begin(i); e < sparse.end(i); ++e) x(i, sparse.indices[e]) = sparse.value(e);
    }
  });
  return x;
}

}  // namespace

InputFeatures::InputFeatures(const Features& features, Aggregation& aggregation, ConvOrder order, bool root,
                             float dropout) {
  const std::vector<int64_t>& owned = aggregation.shard().owned;
  if (features.is_sparse && order != ConvOrder::aggregate_first) {
    sparse_ = sparse_rows(features.sparse, owned);
  } else {
    dense_ = dense_rows(features, owned);
  }
  if (order == ConvOrder::aggregated_input) {
    aggregate_once(aggregation);
    if (!root) {
      dense_ = Matrix();
      sparse_ = Csr();
      return;
    }
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
  const double cells = static_cast<double>(aggregated_sparse_.rows()) * static_cast<double>(aggregated_sparse_.cols);
  if (static_cast<double>(aggregated_sparse_.nnz()) > kSparseDensity * cells) {
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
