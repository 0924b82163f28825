#pragma once

#include <cstdint>

#include "kernels/activation.h"
#include "nn/init.h"

namespace tersegraph {

/// mlp: no layer aggregates.
enum class ModelKind { gcn, sage, mlp };
enum class NormKind { none, layer };

struct ModelConfig {
  ModelKind kind = ModelKind::gcn;
  int layers = 3;
  int64_t hidden = 256;
  float dropout = 0.5f;        ///< of hidden activations
  float input_dropout = 0.0f;  ///< of features
  NormKind norm = NormKind::none;
  ActivationOrder order = ActivationOrder::norm_relu_dropout;
  bool residual = false;         ///< h_{l+1} = activation(...) + h_l where the widths agree
  bool aggregate_first = false;  ///< always aggregate before the transform (AdaQP's order) instead of the cheaper side
  InitKind init = InitKind::glorot;
  int kept_bits = 32;      ///< of what the way back needs of a layer: 32, or 1 to 8 (see KeptRows)
  int gathered_bits = 32;  ///< of the rows that A reads where one rank has all of them: 32, or 16 (bf16)
};

}  // namespace tersegraph
