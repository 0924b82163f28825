#pragma once

#include <cstdint>
#include <vector>

#include "admm/config.h"
#include "base/matrix.h"

namespace tersegraph {

/// z of a hidden layer: every element to the least of (z - h)^2 + (q - f(z))^2 + (z - z_old)^2. ReLU and leaky ReLU
/// have closed forms, one for each sign; tanh and sigmoid are looked up in a table of f and then refined by Newton
/// steps.
class HiddenUpdate {
 public:
  explicit HiddenUpdate(Nonlinearity f);
  /// z holds the old values.
  void operator()(ConstMatrixView h, ConstMatrixView q, MatrixView z) const;

 private:
  float search(float h, float q, float old) const;

  Nonlinearity f_;
  std::vector<float> table_;  ///< f at kTableLow + k kTableStep
};

}  // namespace tersegraph
