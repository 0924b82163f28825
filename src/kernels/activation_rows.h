#pragma once

#include <cstdint>

#include "base/matrix.h"
#include "kernels/activation.h"

namespace tersegraph {

/// Where dropout stands relative to the normalisation. Without one there is no difference, since dropout and ReLU
/// commute.
enum class DropoutPlace { none, before_norm, last };

/// What the kernels of activation.cc need to know about one pass.
struct ActivationPass {
  ConstMatrixView y;
  const int64_t* row_ids = nullptr;
  ActivationParams params;
  bool layer_norm = false;
  bool relu = false;
  DropoutPlace dropout = DropoutPlace::none;
  StreamKey key;
  int32_t threshold = 0;    ///< an element whose 16 random bits are below it is dropped
  float keep_scale = 1.0f;  ///< 65536 / (65536 - threshold): the mean over all 65536 draws is exactly 1
};

/// Sums over rows, each as wide as a row, padded to `stride` floats. Null where nobody asked.
struct RowSums {
  float* bias = nullptr;
  float* gain = nullptr;
  float* shift = nullptr;
};

/// What one block of rows adds up. Rows go by groups, so that a sum over very many rows does not lose its last digits:
/// `group` holds the sums of the current one, `total` those of the groups before it.
struct BlockSums {
  float* group = nullptr;
  float* total = nullptr;
  int64_t sums = 0;  ///< rows of `stride` floats in group and in total
  int64_t stride = 0;
  float* scratch = nullptr;  ///< one more row
};

}  // namespace tersegraph
