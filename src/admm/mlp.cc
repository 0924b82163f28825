#include "admm/mlp.h"

#include <algorithm>
#include <cstring>

#include "admm/nonlinearity.h"
#include "admm/w_update.h"
#include "kernels/activation.h"
#include "kernels/gemm.h"

namespace tersegraph {
namespace {

Matrix copy_of(const Matrix& from) {
  Matrix to(from.rows(), from.cols());
  std::memcpy(to.data(), from.data(), from.bytes());
  return to;
}

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

Mlp Mlp::copy() const {
  Mlp to;
  to.nonlinearity = nonlinearity;
  for (const Matrix& matrix : w) to.w.push_back(copy_of(matrix));
  for (const Matrix& matrix : b) to.b.push_back(copy_of(matrix));
  return to;
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

double accuracy(ConstMatrixView logits, const int32_t* labels) {
  if (logits.rows == 0) return 0.0;
  int64_t right = 0;
  for (int64_t i = 0; i < logits.rows; ++i) {
    const float* row = logits.row(i);
    right += std::max_element(row, row + logits.cols) - row == labels[i];
  }
  return static_cast<double>(right) / static_cast<double>(logits.rows);
}

}  // namespace tersegraph
