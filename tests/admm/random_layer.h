#pragma once

#include <cstring>
#include <vector>

#include "admm/layer_block.h"
#include "base/rng.h"

namespace tersegraph::testing {

inline Matrix random_matrix(int64_t rows, int64_t cols, uint64_t seed, double deviation = 1.0) {
  Random random(seed, Purpose::generator);
  Matrix x(rows, cols);
  for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(deviation * random.normal());
  return x;
}

inline Matrix copy_of(const Matrix& x) {
  Matrix y(x.rows(), x.cols());
  std::memcpy(y.data(), x.data(), x.bytes());
  return y;
}

inline std::vector<double> point_of(const Matrix& x) {
  return {x.data(), x.data() + x.size()};
}

/// A layer with arbitrary numbers in everything.
inline LayerBlock random_layer(int64_t m, int64_t in, int64_t out, float target, uint64_t seed) {
  LayerBlock layer;
  layer.in = in, layer.out = out;
  layer.nu = 0.7f, layer.rho = 1.3f, layer.ridge = 0.4f, layer.target = target;
  layer.p = random_matrix(m, in, seed + 1);
  layer.w = random_matrix(in, out, seed + 2);
  layer.b = random_matrix(1, out, seed + 3);
  layer.z = random_matrix(m, out, seed + 4);
  layer.q = random_matrix(m, out, seed + 5);
  layer.u = random_matrix(m, out, seed + 6);
  layer.h.reshape(m, out);
  return layer;
}

}  // namespace tersegraph::testing
