#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/csr.h"
#include "base/matrix.h"

namespace tersegraph::reference {

/// A dense fp64 matrix, for references that are slow and plain.
struct Dense {
  int64_t rows = 0, cols = 0;
  std::vector<double> values;

  Dense() = default;
  Dense(int64_t rows, int64_t cols) : rows(rows), cols(cols), values(static_cast<size_t>(rows * cols), 0.0) {}

  double& operator()(int64_t i, int64_t j) { return values[static_cast<size_t>(i * cols + j)]; }
  double operator()(int64_t i, int64_t j) const { return values[static_cast<size_t>(i * cols + j)]; }
};

inline Dense dense_of(ConstMatrixView x) {
  Dense d(x.rows, x.cols);
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t j = 0; j < x.cols; ++j) d(i, j) = x(i, j);
  }
  return d;
}

inline Dense dense_of(CsrView a) {
  Dense d(a.rows, a.cols);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e) d(i, a.indices[e]) += a.value(e);
  }
  return d;
}

inline Dense multiply(const Dense& a, const Dense& b) {
  Dense c(a.rows, b.cols);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t k = 0; k < a.cols; ++k) {
      for (int64_t j = 0; j < b.cols; ++j) c(i, j) += a(i, k) * b(k, j);
    }
  }
  return c;
}

inline Dense transposed(const Dense& a) {
  Dense t(a.cols, a.rows);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < a.cols; ++j) t(j, i) = a(i, j);
  }
  return t;
}

inline Dense sum(const Dense& a, const Dense& b) {
  Dense c = a;
  for (size_t k = 0; k < c.values.size(); ++k) c.values[k] += b.values[k];
  return c;
}

inline double dot(const Dense& a, const Dense& b) {
  double total = 0;
  for (size_t k = 0; k < a.values.size(); ++k) total += a.values[k] * b.values[k];
  return total;
}

inline double norm(const Dense& a) {
  return std::sqrt(dot(a, a));
}

/// |a - b| / |b|, and |a - b| where b is tiny.
inline double relative_error(const Dense& a, const Dense& b) {
  Dense difference = a;
  for (size_t k = 0; k < difference.values.size(); ++k) difference.values[k] -= b.values[k];
  const double size = norm(b);
  return size > 1e-4 ? norm(difference) / size : norm(difference);
}

}  // namespace tersegraph::reference
