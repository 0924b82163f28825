#pragma once

#include "admm/layer_block.h"

namespace tersegraph {

/// A hidden layer with many more neurons than training columns: W = I + F^T Y with F (m, n) the centred p and Y (m, n)
/// the dual solution, as the W subproblem leaves them. p's subproblem then costs products of (m, n) matrices and one
/// (2m, 2m) system, where W W^T + rho/nu I would be (n, n); and W itself need not be formed. Not for columns that are
/// cut over ranks.
bool low_rank_pays(const LayerBlock& layer);

/// The (2m, 2m) system of p's subproblem.
void prepare_low_rank_p(LayerBlock& layer);
/// p <- argmin nu/2 ||z - p W - b||^2 + <u, p> + rho/2 ||p - q||^2. After prepare_low_rank_p.
void solve_low_rank_p(LayerBlock& layer, ConstMatrixView q, ConstMatrixView u);

/// W = I + F^T Y, where it has not been formed since the last iteration.
void form_w(LayerBlock& layer);

}  // namespace tersegraph
