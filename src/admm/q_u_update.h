#pragma once

#include "admm/config.h"
#include "base/matrix.h"

namespace tersegraph {

/// q <- (rho p + u + nu f(z)) / (rho + nu), with p of the layer above.
void solve_q(Nonlinearity f, float rho, float nu, ConstMatrixView p, ConstMatrixView u, ConstMatrixView z,
             MatrixView q);

/// u <- u + rho (p - q). Both ends of a link compute it from what they exchanged, so it is never sent.
void update_u(float rho, ConstMatrixView p, ConstMatrixView q, MatrixView u);

}  // namespace tersegraph
