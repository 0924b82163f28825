#pragma once

#include <cstdint>

#include "base/matrix.h"

namespace tersegraph {

/// The rows that a loss looks at: local row numbers, ascending, none twice.
struct RowSelection {
  const int64_t* rows = nullptr;
  int64_t count = 0;
};

/// Softmax cross-entropy over the selected rows: returns sum_i w_i * -log softmax(logits_i)[label_i] with w_i =
/// class_weights [label_i] (1 when null), and overwrites grad (n, C) with scale * dL/dlogits (zero outside the
/// selection; pass scale = 1 / total weight for a mean). grad may have null data: then only the loss is computed; it
/// may be logits. The sum goes by fixed blocks in fp64. NaN in a selected row makes the loss NaN.
double softmax_cross_entropy(ConstMatrixView logits, const int32_t* labels, const float* class_weights,
                             RowSelection rows, float scale, MatrixView grad);

/// Sum over selected rows and classes of binary cross-entropy with logits, each times class_weights[class] (1 when
/// null); targets (n, C) in {0, 1}. grad as above.
double binary_cross_entropy(ConstMatrixView logits, ConstMatrixView targets, const float* class_weights,
                            RowSelection rows, float scale, MatrixView grad);

/// Sum over selected rows and outputs of (output - target)^2. grad as above.
double squared_error(ConstMatrixView outputs, ConstMatrixView targets, RowSelection rows, float scale, MatrixView grad);

}  // namespace tersegraph
