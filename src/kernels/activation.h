#pragma once

#include <cstdint>

#include "base/matrix.h"
#include "base/rng.h"

namespace tersegraph {

/// What stands between two convolutions, in this order: bias -> norm -> ReLU -> dropout (the default), or AdaQP's
/// bias -> dropout -> norm -> ReLU.
enum class ActivationOrder { norm_relu_dropout, dropout_norm_relu };

struct ActivationSpec {
  bool layer_norm = false;
  bool relu = true;
  float dropout = 0.0f;  ///< share of elements to zero; the others are scaled by 1 / (1 - dropout). 0 when evaluating
  ActivationOrder order = ActivationOrder::norm_relu_dropout;
  StreamKey key = {};  ///< of this pass; element (i, c) draws random16(key.row(row_ids[i]), c)
};

/// Parameters of one activation, each (d), null where there is none: bias; gain and shift of LayerNorm (epsilon 1e-5).
struct ActivationParams {
  const float* bias = nullptr;
  const float* gain = nullptr;
  const float* shift = nullptr;
};

struct ActivationGradients {
  float* bias = nullptr;
  float* gain = nullptr;
  float* shift = nullptr;
};

/// h = activation(y). y, h (n, d); row_ids (n) global node ids. h may be y. One pass over memory.
void activation_forward(ConstMatrixView y, const int64_t* row_ids, const ActivationParams& params,
                        const ActivationSpec& spec, MatrixView h);

/// The same on the calling thread alone, for a block of rows.
void activation_forward_block(ConstMatrixView y, const int64_t* row_ids, const ActivationParams& params,
                              const ActivationSpec& spec, MatrixView h);

/// Turns grad = dL/dh (n, d) of a block of rows into dL/dy in place, and adds the sums over the rows to `gradients`. y
/// is what forward read: masks and row statistics are computed again, not stored. On the calling thread; `scratch` is
/// its own.
void activation_backward_block(ConstMatrixView y, const int64_t* row_ids, const ActivationParams& params,
                               const ActivationSpec& spec, MatrixView grad, const ActivationGradients& gradients,
                               Matrix& scratch);

/// The same where h = dropout(ReLU(y + bias)), without a norm, from h: what is 0 there passed nothing on.
void relu_dropout_backward_block(ConstMatrixView h, float dropout, MatrixView grad, float* bias, Matrix& scratch);

/// y += bias for every row.
void add_bias(const float* bias, MatrixView y);

/// sums (d) += the sum over rows of x (n, d), on the calling thread.
void add_column_sums(ConstMatrixView x, float* sums, Matrix& scratch);

/// Dropout alone (input dropout of dense features; out may be x): the same elements as activation_forward would drop.
void dropout_rows(ConstMatrixView x, const int64_t* row_ids, float p, StreamKey key, MatrixView out);

}  // namespace tersegraph
