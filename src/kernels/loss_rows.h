#pragma once

#include <cstdint>

#include "base/matrix.h"
#include "kernels/loss.h"

namespace tersegraph {

/// What the kernels of loss.cc need to know about one pass. `labels` or `targets` is null.
struct LossPass {
  ConstMatrixView logits;
  const int32_t* labels = nullptr;
  ConstMatrixView targets;
  const float* class_weights = nullptr;
  RowSelection rows;
  float scale = 1.0f;
  MatrixView grad;
};

}  // namespace tersegraph
