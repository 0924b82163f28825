#include "admm/nonlinearity.h"

#include <algorithm>
#include <cmath>

#include "admm/elements.h"

namespace tersegraph {

float activate(Nonlinearity f, float x) {
  switch (f) {
    case Nonlinearity::relu:
      return std::max(x, 0.0f);
    case Nonlinearity::leaky_relu:
      return x > 0.0f ? x : kLeakySlope * x;
    case Nonlinearity::tanh:
      return std::tanh(x);
    case Nonlinearity::sigmoid:
      return 1.0f / (1.0f + std::exp(-x));
  }
  return x;
}

float activation_slope(Nonlinearity f, float x) {
  const float y = activate(f, x);
  switch (f) {
    case Nonlinearity::relu:
      return x > 0.0f ? 1.0f : 0.0f;
    case Nonlinearity::leaky_relu:
      return x > 0.0f ? 1.0f : kLeakySlope;
    case Nonlinearity::tanh:
      return 1.0f - y * y;
    case Nonlinearity::sigmoid:
      return y * (1.0f - y);
  }
  return 1.0f;
}

void activate(Nonlinearity f, ConstMatrixView z, MatrixView out) {
  parallel_elements(z.size(), [&](int64_t begin, int64_t end) {
    if (f == Nonlinearity::relu) {
      for (int64_t i = begin; i < end; ++i) out.data[i] = std::max(z.data[i], 0.0f);
    } else {
      for (int64_t i = begin; i < end; ++i) out.data[i] = activate(f, z.data[i]);
    }
  });
}

}  // namespace tersegraph
