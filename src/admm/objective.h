#pragma once

#include <span>
#include <vector>

#include "admm/layer_block.h"

namespace tersegraph {

/// What one layer adds to the objective and to the augmented Lagrangian.
struct LayerTerms {
  double misfit = 0.0;      ///< nu/2 ||z - p W - b||^2
  double activation = 0.0;  ///< nu/2 ||q - f(z)||^2
  double ridge = 0.0;       ///< nu ridge / 2 ||W - target I||^2
  double risk = 0.0;        ///< R(z_L), last layer only
  double multiplier = 0.0;  ///< <u, p_next - q>
  double gap = 0.0;         ///< ||p_next - q||^2

  static constexpr int kCount = 6;
  double* values() { return &misfit; }
};

/// p_next: p of the layer above; empty for the last layer.
LayerTerms layer_terms(LayerBlock& layer, Nonlinearity f, Risk risk, const int32_t* labels, ConstMatrixView p_next);

/// The sums over layers after one iteration.
struct AdmmState {
  double objective = 0.0;   ///< risk, misfits, activations and ridges
  double lagrangian = 0.0;  ///< the objective, multipliers and rho/2 gaps
  double risk = 0.0;
  std::vector<double> residuals;  ///< ||p_{l+1} - q_l|| by link
};
AdmmState sum_terms(std::span<const LayerTerms> terms, double rho);

}  // namespace tersegraph
