#include "train/input_features.h"

#include <algorithm>
#include <cmath>

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
                             float dropout)
    : shard_(aggregation.shard()), dropout_(dropout) {
  if (features.is_sparse && order != ConvOrder::aggregate_first) {
    sparse_ = sparse_rows(features.sparse, shard_.owned);
  } else {
    dense_ = dense_rows(features, shard_.owned);
  }
  if (order == ConvOrder::aggregated_input) {
    aggregate_once(aggregation);
    if (!root) {
      dense_ = Matrix();
      sparse_ = Csr();
    }
  }
  if (sparse_.cols > 0) sparse_transposed_ = transpose(sparse_);
}

void InputFeatures::aggregate_once(Aggregation& aggregation) {
  if (sparse_.cols == 0) {
    aggregated_.reshape(dense_.rows(), dense_.cols());
    PhaseSeconds seconds;
    aggregation.forward(dense_, aggregated_, {.exact = true, .kind = Traffic::layer0}, seconds);
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

void InputFeatures::drop_sparse(StreamKey key) {
  const auto threshold = static_cast<uint32_t>(std::lround(dropout_ * 65536.0f));
  const float scale = threshold == 65536 ? 0.0f : 65536.0f / static_cast<float>(65536 - threshold);
  row_keys_.resize(sparse_.rows());
  dropped_.resize(sparse_.nnz());
  dropped_transposed_.resize(sparse_.nnz());
  const auto kept = [&](float value, int64_t row, int64_t column) {
    return random16(row_keys_[row], column) >= threshold ? value * scale : 0.0f;
  };
  parallel_blocks(sparse_.rows(), 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      row_keys_[i] = key.row(shard_.owned[i]);
      for (int64_t e = sparse_.indptr[i]; e < sparse_.indptr[i + 1]; ++e) {
        dropped_[e] = kept(sparse_.values[e], i, sparse_.indices[e]);
      }
    }
  });
  parallel_blocks(sparse_transposed_.rows(), 64, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      for (int64_t e = sparse_transposed_.indptr[c]; e < sparse_transposed_.indptr[c + 1]; ++e) {
        dropped_transposed_[e] = kept(sparse_transposed_.values[e], sparse_transposed_.indices[e], c);
      }
    }
  });
}

ModelInput InputFeatures::prepare(const ModelPass& pass) {
  ModelInput input;
  if (!aggregated_.empty()) {
    input.aggregated = Operand::of(aggregated_);
  } else if (aggregated_sparse_.cols > 0) {
    input.aggregated = Operand::of(aggregated_sparse_, aggregated_transposed_);
  }
  const bool drop = pass.training && dropout_ > 0.0f;
  const StreamKey key(pass.seed, Purpose::input_dropout, Direction::forward(), pass.epoch);
  if (sparse_.cols > 0) {
    CsrView x = sparse_, transposed = sparse_transposed_;
    if (drop) {
      drop_sparse(key);
      x.values = dropped_.data();
      transposed.values = dropped_transposed_.data();
    }
    input.features = Operand::of(x, transposed);
  } else if (!dense_.empty()) {
    input.features = Operand::of(dense_);
    if (drop) {
      dropped_dense_.reshape(dense_.rows(), dense_.cols());
      dropout_rows(dense_, shard_.owned.data(), dropout_, key, dropped_dense_);
      input.features = Operand::of(dropped_dense_);
    }
  }
  return input;
}

int64_t InputFeatures::bytes() const {
  return static_cast<int64_t>(dense_.bytes() + aggregated_.bytes() + dropped_dense_.bytes() + sparse_.bytes() +
                              sparse_transposed_.bytes() + aggregated_sparse_.bytes() + aggregated_transposed_.bytes());
}

}  // namespace tersegraph
