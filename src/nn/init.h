#pragma once

#include <cstdint>

#include "base/matrix.h"

namespace tersegraph {

/// Distributions of initial weights w (fan_in, fan_out).
enum class InitKind {
  glorot,  ///< uniform in [-a, a], a = sqrt(6 / (fan_in + fan_out))
  he,      ///< normal, deviation sqrt(2 / fan_in): for layers before a ReLU
  normal   ///< normal, deviation 0.1
};

/// Fills w. Element e is a pure function of (seed, tensor, e): every rank fills the same numbers without a word being
/// sent. `tensor` tells a model's tensors apart (their index in Parameters).
void initialise_weights(InitKind kind, uint64_t seed, int64_t tensor, MatrixView w);

}  // namespace tersegraph
