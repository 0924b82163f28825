#pragma once

#include "admm/config.h"
#include "base/matrix.h"

namespace tersegraph {

constexpr float kLeakySlope = 0.01f;

/// f(x) and its derivative.
float activate(Nonlinearity f, float x);
float activation_slope(Nonlinearity f, float x);

/// out = f(z), elementwise. out may be z.
void activate(Nonlinearity f, ConstMatrixView z, MatrixView out);

}  // namespace tersegraph
