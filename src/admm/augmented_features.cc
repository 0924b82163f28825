#include "admm/augmented_features.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/gemm.h"
#include "kernels/spmm.h"

namespace tersegraph {
namespace {

constexpr int64_t kRowsAtOnce =
    512;  ///< nodes whose rows are made together: memory for nodes x kRowsAtOnce numbers, twice

/// 1 / norm of n values; 1 for a row of norm 0.
template <class Value>
float inverse_norm(RowNorm norm, int64_t n, Value&& value) {
  double sum = 0.0;
  for (int64_t k = 0; k < n; ++k) {
    const double x = value(k);
    sum += norm == RowNorm::sum ? x : x * x;
  }
  const double length = norm == RowNorm::sum ? sum : std::sqrt(sum);
  return length != 0.0 ? static_cast<float>(1.0 / length) : 1.0f;
}

void normalize(Csr& h, RowNorm norm) {
  if (norm == RowNorm::none) return;
  if (!h.weighted()) h.values.assign(static_cast<size_t>(h.nnz()), 1.0f);
  for (int64_t i = 0; i < h.rows(); ++i) {
    float* row = h.values.data() + h.indptr[i];
    const int64_t count = h.indptr[i + 1] - h.indptr[i];
    const float scale = inverse_norm(norm, count, [&](int64_t k) { return row[k]; });
    for (int64_t k = 0; k < count; ++k) row[k] *= scale;
  }
}

void normalize(Matrix& h, RowNorm norm) {
  if (norm == RowNorm::none) return;
  for (int64_t i = 0; i < h.rows(); ++i) {
    float* row = h.row(i);
    const float scale = inverse_norm(norm, h.cols(), [&](int64_t k) { return row[k]; });
    for (int64_t k = 0; k < h.cols(); ++k) row[k] *= scale;
  }
}

/// The root mean square distance of the rows of a block of columns from their mean.
double spread(ConstMatrixView x, int64_t begin, int64_t cols) {
  double total = 0.0;
  for (int64_t j = begin; j < begin + cols; ++j) {
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < x.rows; ++i) {
      sum += x(i, j);
      squares += static_cast<double>(x(i, j)) * x(i, j);
    }
    total += squares - sum * sum / static_cast<double>(x.rows);
  }
  return std::sqrt(std::max(total, 0.0) / static_cast<double>(x.rows));
}

}  // namespace

AugmentedFeatures::AugmentedFeatures(const Graph& graph, const Features& features, const std::vector<int64_t>& training,
                                     const AugmentConfig& config)
    : width_(features.cols()),
      operator_(aggregation_operator(graph, config.normalisation)),
      operator_transposed_(is_symmetric(operator_) ? operator_ : transpose(operator_)),
      is_sparse_(features.is_sparse),
      scales_(static_cast<size_t>(config.hops) + 1, 1.0f) {
  if (is_sparse_) {
    sparse_ = features.sparse;
    normalize(sparse_, config.row_norm);
    sparse_transposed_ = transpose(sparse_);
  } else {
    dense_.reshape(features.dense.rows(), features.dense.cols());
    std::memcpy(dense_.data(), features.dense.data(), dense_.bytes());
    normalize(dense_, config.row_norm);
  }
  training_rows_ = rows(training);
  if (!config.scale_hops) return;
  for (size_t k = 0; k < scales_.size(); ++k) {
    const double apart = spread(training_rows_, static_cast<int64_t>(k) * width_, width_);
    if (apart > 0.0) scales_[k] = static_cast<float>(1.0 / (apart * std::sqrt(static_cast<double>(scales_.size()))));
  }
  for (int64_t i = 0; i < training_rows_.rows(); ++i) {
    for (int64_t j = 0; j < training_rows_.cols(); ++j) training_rows_(i, j) *= scales_[j / width_];
  }
}

Matrix AugmentedFeatures::rows(const std::vector<int64_t>& ids) const {
  // Row i of A~^k H is H^T applied to row i of A~^k: column i of (A~^T)^k.
  Matrix out(static_cast<int64_t>(ids.size()), cols()), powers, next, product;
  for (size_t begin = 0; begin < ids.size(); begin += kRowsAtOnce) {
    const auto count = static_cast<int64_t>(std::min(ids.size() - begin, static_cast<size_t>(kRowsAtOnce)));
    powers.reshape(nodes(), count);
    next.reshape(nodes(), count);
    product.reshape(width_, count);
    powers.fill(0.0f);
    for (int64_t i = 0; i < count; ++i) powers(ids[begin + i], i) = 1.0f;
    for (size_t k = 0; k < scales_.size(); ++k) {
      if (k > 0) {
        spmm(operator_transposed_, powers, next);
        std::swap(powers, next);
      }
      if (is_sparse_) {
        spmm(sparse_transposed_, powers, product);
      } else {
        GemmWorkspace workspace;
        gemm_transposed_a(dense_, powers, product, workspace);
      }
      const int64_t column = static_cast<int64_t>(k) * width_;
      for (int64_t i = 0; i < count; ++i) {
        float* row = out.row(static_cast<int64_t>(begin) + i) + column;
        for (int64_t j = 0; j < width_; ++j) row[j] = scales_[k] * product(j, i);
      }
    }
  }
  return out;
}

void AugmentedFeatures::multiply_features(ConstMatrixView w, MatrixView y, bool accumulate) const {
  const Write write = accumulate ? Write::accumulate : Write::overwrite;
  if (is_sparse_) {
    spmm(sparse_, w, y, write);
  } else {
    gemm(dense_, w, y, write);
  }
}

Matrix AugmentedFeatures::multiply(ConstMatrixView w) const {
  // By Horner's rule: s_0 H W_0 + A~ (s_1 H W_1 + A~ (s_2 H W_2 + ...)).
  Matrix y(nodes(), w.cols), aggregated(nodes(), w.cols), scaled(width_, w.cols);
  for (int64_t k = static_cast<int64_t>(scales_.size()) - 1; k >= 0; --k) {
    const bool deepest = k + 1 == static_cast<int64_t>(scales_.size());
    if (!deepest) {
      spmm(operator_, y, aggregated);
      std::swap(y, aggregated);
    }
    for (int64_t i = 0; i < scaled.size(); ++i) scaled.data()[i] = scales_[k] * w.row(k * width_)[i];
    multiply_features(scaled, y, !deepest);
  }
  return y;
}

}  // namespace tersegraph
