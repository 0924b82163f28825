#pragma once

#include <cstdint>

#include "admm/config.h"
#include "base/matrix.h"

namespace tersegraph {

/// z of the last layer: every row to the least of R(z) + nu/2 ||z - h||^2, h (m, C). closed: damped Newton steps for
/// cross-entropy, O(C) each by Sherman and Morrison's formula; least squares needs one division. z holds the old
/// values.
void solve_last_z(Risk risk, ConstMatrixView h, const int32_t* labels, float nu, MatrixView z);
/// The same by FISTA with steps of 1 / (1/2 + nu), as the paper has it.
void step_last_z(Risk risk, ConstMatrixView h, const int32_t* labels, float nu, MatrixView z);

/// R(z), summed over rows.
double risk_value(Risk risk, ConstMatrixView z, const int32_t* labels);

}  // namespace tersegraph
