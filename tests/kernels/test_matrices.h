#pragma once

#include <cmath>
#include <cstring>

#include "base/csr.h"
#include "base/matrix.h"
#include "base/rng.h"

namespace tersegraph {

/// Standard normal entries.
inline Matrix random_matrix(int64_t rows, int64_t cols, uint64_t seed) {
  Matrix m(rows, cols);
  Random random(seed, Purpose::generator);
  for (int64_t k = 0; k < m.size(); ++k) m.data()[k] = static_cast<float>(random.normal());
  return m;
}

inline Matrix copy_of(const Matrix& from) {
  Matrix m(from.rows(), from.cols());
  if (!m.empty()) std::memcpy(m.data(), from.data(), m.bytes());
  return m;
}

inline Matrix absolute(const Matrix& from) {
  Matrix m = copy_of(from);
  for (int64_t k = 0; k < m.size(); ++k) m.data()[k] = std::fabs(m.data()[k]);
  return m;
}

/// Row degrees from 0 to 2 * mean_degree; repeated columns are allowed.
inline Csr random_csr(int64_t rows, int64_t cols, int64_t mean_degree, bool weighted, uint64_t seed) {
  Csr a;
  a.cols = cols;
  Random random(seed, Purpose::generator);
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t degree = random.below(2 * mean_degree + 1);
    for (int64_t k = 0; k < degree; ++k) {
      a.indices.push_back(static_cast<int32_t>(random.below(cols)));
      if (weighted) a.values.push_back(static_cast<float>(random.normal()));
    }
    a.indptr.push_back(static_cast<int64_t>(a.indices.size()));
  }
  return a;
}

}  // namespace tersegraph
