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

Matrix copy_of(ConstMatrixView x);

/// Makes a network of so many layers by identity layers before the last one: for ReLU the same function.
void insert_identity_layers(Mlp& mlp, int layers);

/// Memory of the forward pass, kept by the caller.
struct MlpWorkspace {
  Matrix hidden[2];
};

/// Logits (rows, C) of x (rows, inputs); valid until the next call with this workspace.
ConstMatrixView forward(const Mlp& mlp, ConstMatrixView x, MlpWorkspace& workspace);
/// The same from the first layer on, h = x W_1 (rows, neurons), without b_1: for inputs that were multiplied another
/// way.
ConstMatrixView forward_from(const Mlp& mlp, ConstMatrixView h, MlpWorkspace& workspace);

}  // namespace tersegraph
