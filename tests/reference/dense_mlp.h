// Augmented features from their formula, dense and in fp64. A perceptron on them is a DenseGnn that aggregates with I.
#pragma once

#include <vector>

#include "reference/dense_gnn.h"

namespace tersegraph::reference {

inline Dense identity(int64_t n) {
  Dense eye(n, n);
  for (int64_t i = 0; i < n; ++i) eye(i, i) = 1.0;
  return eye;
}

/// Every row divided by its euclidean norm; rows of zeros stay.
inline Dense unit_rows(Dense x) {
  for (int64_t i = 0; i < x.rows; ++i) {
    double square = 0.0;
    for (int64_t c = 0; c < x.cols; ++c) square += x(i, c) * x(i, c);
    for (int64_t c = 0; c < x.cols && square > 0.0; ++c) x(i, c) /= std::sqrt(square);
  }
  return x;
}

/// H, A H, ..., A^hops H.
inline std::vector<Dense> hops_of(const Dense& h, const Dense& aggregation, int hops) {
  std::vector<Dense> all{h};
  for (int k = 0; k < hops; ++k) all.push_back(multiply(aggregation, all.back()));
  return all;
}

/// Side by side.
inline Dense concatenated(const std::vector<Dense>& parts) {
  Dense x(parts.front().rows, std::ssize(parts) * parts.front().cols);
  for (int64_t k = 0; k < std::ssize(parts); ++k) {
    for (int64_t i = 0; i < x.rows; ++i) {
      for (int64_t c = 0; c < parts[k].cols; ++c) x(i, k * parts[k].cols + c) = parts[k](i, c);
    }
  }
  return x;
}

}  // namespace tersegraph::reference
