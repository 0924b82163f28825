#pragma once

#include "admm/layer_block.h"

namespace tersegraph {

/// h = p W + b.
void affine_map(ConstMatrixView p, ConstMatrixView w, ConstMatrixView b, MatrixView h);

/// W, b <- argmin nu/2 ||z - p W - b||^2 + nu ridge / 2 ||W - target I||^2, exactly: b is eliminated by centring, W
/// solved in whichever of (in, in) and (m, m) is smaller. Leaves p W + b in layer.h. `p_is_fixed`: p never changes (the
/// first layer), so its factor is kept.
void solve_w(LayerBlock& layer, bool p_is_fixed);

/// The paper's step W <- W - g / theta with theta by backtracking, then b <- mean of z - p W. Leaves p W + b in
/// layer.h.
void step_w(LayerBlock& layer);

/// nu/2 ||z - p W - b||^2 + nu ridge / 2 ||W - target I||^2, by plain evaluation. Of uncut columns.
double w_objective(const LayerBlock& layer, ConstMatrixView w, ConstMatrixView b);

/// nu ridge / 2 ||W - target I||^2.
double ridge_term(const LayerBlock& layer, ConstMatrixView w);
/// The same of the layer's own W, formed or implied.
double ridge_term(LayerBlock& layer);

}  // namespace tersegraph
