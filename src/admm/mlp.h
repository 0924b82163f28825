#pragma once

#include <cstdint>
#include <vector>

#include "admm/config.h"
#include "base/matrix.h"

namespace tersegraph {

/// The trained network: logits = W_L f(... f(x W_1 + b_1) ...) + b_L, row-major, W (in, out), b (1, out).
struct Mlp {
  std::vector<Matrix> w, b;
  Nonlinearity nonlinearity = Nonlinearity::relu;

  int layers() const { return static_cast<int>(w.size()); }
  Mlp copy() const;
};

/// Memory of the forward pass, kept by the caller.
struct MlpWorkspace {
  Matrix hidden[2];
};

/// Logits (rows, C) of x (rows, inputs); valid until the next call with this workspace.
ConstMatrixView forward(const Mlp& mlp, ConstMatrixView x, MlpWorkspace& workspace);
/// The same from the first layer on, h = x W_1 (rows, neurons), without b_1: for inputs that were multiplied another
/// way.
ConstMatrixView forward_from(const Mlp& mlp, ConstMatrixView h, MlpWorkspace& workspace);

/// The share of rows whose largest logit is that of their label.
double accuracy(ConstMatrixView logits, const int32_t* labels);

}  // namespace tersegraph
