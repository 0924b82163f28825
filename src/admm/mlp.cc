#include "admm/mlp.h"

#include <algorithm>
#include <cstring>

#include "admm/nonlinearity.h"
#include "admm/w_update.h"
#include "kernels/activation.h"
#include "kernels/gemm.h"

namespace tersegraph {
namespace {

/// Layers 2..L; the workspace's first matrix holds z_1.
ConstMatrixView finish(const Mlp& mlp, MlpWorkspace& workspace) {
  int at = 0;
  for (int l = 1; l < mlp.layers(); ++l, at = 1 - at) {
    activate(mlp.nonlinearity, workspace.hidden[at], workspace.hidden[at]);
    Matrix& next = workspace.hidden[1 - at];
    next.reshape(workspace.hidden[at].rows(), mlp.w[l].cols());
    affine_map(workspace.hidden[at], mlp.w[l], mlp.b[l], next);
  }
  return workspace.hidden[at];
}

}  // namespace

Matrix copy_of(ConstMatrixView from) {
  Matrix to(from.rows, from.cols);
  std::memcpy(to.data(), from.data, to.bytes());
  return to;
}

Mlp Mlp::copy() const {
  Mlp to;
  to.nonlinearity = nonlinearity;
  for (const Matrix& matrix : w) to.w.push_back(copy_of(matrix));
  for (const Matrix& matrix : b) to.b.push_back(copy_of(matrix));
  return to;
}

void insert_identity_layers(Mlp& mlp, int layers) {
  const int64_t width = mlp.w.back().rows();
  while (mlp.layers() < layers) {
    Matrix identity(width, width), zero(1, width);
    identity.fill(0.0f);
    zero.fill(0.0f);
    for (int64_t i = 0; i < width; ++i) identity(i, i) = 1.0f;
    mlp.w.insert(mlp.w.end() - 1, std::move(identity));
    mlp.b.insert(mlp.b.end() - 1, std::move(zero));
  }
}

ConstMatrixView forward(const Mlp& mlp, ConstMatrixView x, MlpWorkspace& workspace) {
  workspace.hidden[0].reshape(x.rows, mlp.w[0].cols());
  affine_map(x, mlp.w[0], mlp.b[0], workspace.hidden[0]);
  return finish(mlp, workspace);
}

ConstMatrixView forward_from(const Mlp& mlp, ConstMatrixView h, MlpWorkspace& workspace) {
  workspace.hidden[0].reshape(h.rows, h.cols);
  std::memcpy(workspace.hidden[0].data(), h.data, static_cast<size_t>(h.size()) * sizeof(float));
  add_bias(mlp.b[0].data(), workspace.hidden[0]);
  return finish(mlp, workspace);
}

}  // namespace tersegraph
