#include "admm/objective.h"

#include <cmath>

#include "admm/elements.h"
#include "admm/nonlinearity.h"
#include "admm/w_update.h"
#include "admm/z_last_update.h"

namespace tersegraph {

LayerTerms layer_terms(LayerBlock& layer, Nonlinearity f, Risk risk, const int32_t* labels, ConstMatrixView p_next) {
  LayerTerms terms;
  const double half_nu = layer.nu / 2.0;
  const float *z = layer.z.data(), *h = layer.h.data(), *q = layer.q.data(), *u = layer.u.data(), *p = p_next.data;
  const int64_t count = layer.z.size();
  terms.misfit = half_nu * sum_elements(count, [&](int64_t i) { return (z[i] - h[i]) * (z[i] - h[i]); });
  terms.ridge = ridge_term(layer);
  if (layer.last) {
    terms.risk = risk_value(risk, layer.z, labels);
    return terms;
  }
  const auto apart = [&](int64_t i, float fz) { return (q[i] - fz) * (q[i] - fz); };
  terms.activation =
      half_nu * (f == Nonlinearity::relu
                     ? sum_elements(count, [&](int64_t i) { return apart(i, z[i] > 0.0f ? z[i] : 0.0f); })
                     : sum_elements(count, [&](int64_t i) { return apart(i, activate(f, z[i])); }));
  terms.multiplier = sum_elements(count, [&](int64_t i) { return u[i] * (p[i] - q[i]); });
  terms.gap = sum_elements(count, [&](int64_t i) { return (p[i] - q[i]) * (p[i] - q[i]); });
  return terms;
}

AdmmState sum_terms(std::span<const LayerTerms> terms, double rho) {
  AdmmState state;
  for (size_t l = 0; l < terms.size(); ++l) {
    const LayerTerms& t = terms[l];
    state.objective += t.misfit + t.activation + t.ridge + t.risk;
    state.risk += t.risk;
    state.lagrangian += t.multiplier + rho / 2.0 * t.gap;
    if (l + 1 < terms.size()) state.residuals.push_back(std::sqrt(t.gap));
  }
  state.lagrangian += state.objective;
  return state;
}

}  // namespace tersegraph
