#pragma once

#include <cstdint>

#include "base/matrix.h"

namespace tersegraph {

/// Initial weights w (fan_in, fan_out). Element e is a pure function of (seed, tensor, e): every rank fills the same
/// numbers without a word being sent. `tensor` tells a model's tensors apart (their index in Parameters).

/// Uniform in [-a, a], a = sqrt(6 / (fan_in + fan_out)).
void glorot_uniform(uint64_t seed, int64_t tensor, MatrixView w);

/// Normal with mean 0 and standard deviation sqrt(2 / fan_in), for layers before a ReLU.
void he_normal(uint64_t seed, int64_t tensor, MatrixView w);

}  // namespace tersegraph
