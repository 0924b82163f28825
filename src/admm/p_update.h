#pragma once

#include "admm/grid.h"
#include "admm/layer_block.h"

namespace tersegraph {

/// The part of p's closed form that does not need what the layer below sends: factors (nu W W^T + rho I) or, where the
/// layer has fewer outputs than inputs, nu W^T W + rho I.
void prepare_p(LayerBlock& layer);

/// p <- argmin nu/2 ||z - p W - b||^2 + <u, p> + rho/2 ||p - q||^2, with q and u of the link below. After prepare_p.
void solve_p(LayerBlock& layer, ConstMatrixView q, ConstMatrixView u);

/// For a grid of fixed levels: rounds the exact p to it, and takes that only where the subproblem falls; otherwise the
/// paper's projected gradient step. The old p must be on the grid. Needs no prepare_p.
void solve_p_on_grid(LayerBlock& layer, const Grid& grid, ConstMatrixView q, ConstMatrixView u);

/// The paper's step p <- p - g / tau, rounded to `grid` where that has fixed levels. tau is as small as the quadratic
/// upper bound allows: found by doubling, with a test that needs no trial evaluation.
void step_p(LayerBlock& layer, const Grid& grid, ConstMatrixView q, ConstMatrixView u);

/// The subproblem's value at `p`; for tests and for solve_p_on_grid. Writes p W + b to layer.h.
double p_objective(LayerBlock& layer, ConstMatrixView p, ConstMatrixView q, ConstMatrixView u);

}  // namespace tersegraph
