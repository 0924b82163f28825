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

/// Partial sums of activation_backward and column_sums, kept by the caller.
struct ReductionWorkspace {
  Matrix partial;
};

/// Turns grad = dL/dh (n, d) into dL/dy in place, and overwrites `gradients` with the sums over rows. y is what forward
/// read: masks and row statistics are computed again, not stored. Sums go by fixed row blocks: the same for any number
/// of threads.
void activation_backward(ConstMatrixView y, const int64_t* row_ids, const ActivationParams& params,
                         const ActivationSpec& spec, MatrixView grad, const ActivationGradients& gradients,
                         ReductionWorkspace& workspace);

/// y += bias for every row.
void add_bias(const float* bias, MatrixView y);

/// out (d) = sum over rows of x (n, d), by fixed blocks.
void column_sums(ConstMatrixView x, float* out, ReductionWorkspace& workspace);

/// Dropout alone (input dropout of dense features; out may be x): the same elements as activation_forward would drop.
void dropout_rows(ConstMatrixView x, const int64_t* row_ids, float p, StreamKey key, MatrixView out);

}  // namespace tersegraph
