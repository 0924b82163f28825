#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/buffer.h"

namespace tersegraph {

/// Row-major fp32 (rows, cols) without gaps, not owned.
struct ConstMatrixView {
  const float* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;

  const float* row(int64_t i) const { return data + i * cols; }
  const float& operator()(int64_t i, int64_t j) const { return data[i * cols + j]; }
  int64_t size() const { return rows * cols; }
};

struct MatrixView {
  float* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;

  float* row(int64_t i) const { return data + i * cols; }
  float& operator()(int64_t i, int64_t j) const { return data[i * cols + j]; }
  int64_t size() const { return rows * cols; }
  operator ConstMatrixView() const { return {data, rows, cols}; }
};

/// Rows begin..end of a matrix.
inline ConstMatrixView rows_of(ConstMatrixView x, int64_t begin, int64_t end) {
  return {x.row(begin), end - begin, x.cols};
}
inline MatrixView rows_of(MatrixView x, int64_t begin, int64_t end) {
  return {x.row(begin), end - begin, x.cols};
}

/// y = x and y += x, for blocks that are in cache.
inline void copy_block(ConstMatrixView x, MatrixView y) {
  std::copy_n(x.data, x.size(), y.data);
}
inline void add_block(ConstMatrixView x, MatrixView y) {
  for (int64_t k = 0; k < x.size(); ++k) y.data[k] += x.data[k];
}

/// A row-major fp32 matrix that owns its memory and keeps it over reshapes, so that a steady epoch allocates nothing.
class Matrix {
 public:
  Matrix() = default;
  /// Contents are uninitialised; see fill().
  Matrix(int64_t rows, int64_t cols) { reshape(rows, cols); }
  /// What `x` shows, which `owner` keeps. It is not to be written before it is reshaped.
  Matrix(ConstMatrixView x, std::shared_ptr<const void> owner)
      : buffer_(x.data, std::move(owner)), rows_(x.rows), cols_(x.cols) {}

  /// Contents are undefined afterwards unless rows * cols did not change.
  void reshape(int64_t rows, int64_t cols) {
    buffer_.reserve(static_cast<size_t>(rows * cols) * sizeof(float));
    rows_ = rows;
    cols_ = cols;
  }
  void fill(float value) { std::fill_n(data(), size(), value); }

  float* data() const { return reinterpret_cast<float*>(buffer_.data()); }
  float* row(int64_t i) const { return data() + i * cols_; }
  float& operator()(int64_t i, int64_t j) const { return data()[i * cols_ + j]; }
  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  int64_t size() const { return rows_ * cols_; }
  bool empty() const { return size() == 0; }
  bool borrowed() const { return buffer_.borrowed(); }
  size_t bytes() const { return static_cast<size_t>(size()) * sizeof(float); }

  MatrixView view() const { return {data(), rows_, cols_}; }
  operator MatrixView() const { return view(); }
  operator ConstMatrixView() const { return view(); }

 private:
  Buffer buffer_;
  int64_t rows_ = 0;
  int64_t cols_ = 0;
};

}  // namespace tersegraph
