#include "admm/p_update.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "admm/elements.h"
#include "admm/low_rank.h"
#include "admm/w_update.h"

namespace tersegraph {
namespace {

/// Where W is square or wide p solves an (in, in) system; where it is narrow, an (out, out) one.
bool narrow(const LayerBlock& layer) {
  return layer.out < layer.in;
}

/// out = q - u / rho: where p would be if it had no other duty.
void proximal_centre(const LayerBlock& layer, ConstMatrixView q, ConstMatrixView u, MatrixView out) {
  const float inverse = 1.0f / layer.rho;
  parallel_elements(q.size(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out.data[i] = q.data[i] - inverse * u.data[i];
  });
}

/// g = nu (h - z) W^T + u + rho (p - q); h is p W + b.
void gradient_p(LayerBlock& layer, ConstMatrixView q, ConstMatrixView u, MatrixView g) {
  MatrixView misfit = layer.work.rhs;
  for (int64_t i = 0; i < layer.z.size(); ++i) misfit.data[i] = layer.nu * (layer.h.data()[i] - layer.z.data()[i]);
  gemm_transposed_b(misfit, layer.w, g);
  const float rho = layer.rho;
  const float *p = layer.p.data(), *from = q.data, *dual = u.data;
  for (int64_t i = 0; i < q.size(); ++i) g.data[i] += dual[i] + rho * (p[i] - from[i]);
}

/// (nu ||s W||^2 + rho ||s||^2) / ||s||^2, the curvature of the subproblem along s; 0 for s = 0.
double curvature(LayerBlock& layer, ConstMatrixView s, MatrixView sw) {
  gemm(s, layer.w, sw);
  std::array<double, 2> sums = {sum_elements(s.size(), [&](int64_t i) { return s.data[i] * s.data[i]; }),
                                sum_elements(sw.size(), [&](int64_t i) { return sw.data[i] * sw.data[i]; })};
  if (layer.shards != nullptr) layer.shards->sum(sums);
  const auto [length, image] = sums;
  return length > 0.0 ? layer.nu * image / length + layer.rho : 0.0;
}

}  // namespace

void prepare_p(LayerBlock& layer) {
  if (layer.w_is_implied) return prepare_low_rank_p(layer);
  LayerBlock::Workspace& work = layer.work;
  const float shift = layer.rho / layer.nu;
  const int64_t order = std::min(layer.in, layer.out);
  work.p_system.reshape(order, order);
  if (narrow(layer)) {
    gram_columns(layer.w, work.p_system);
  } else {
    work.transposed.reshape(layer.out, layer.in);
    work.coefficients.reshape(1, layer.in);
    transpose(layer.w, {work.transposed.data(), layer.in});
    gram_columns(work.transposed, work.p_system);
    gemm(layer.b, work.transposed, work.coefficients);
  }
  for (int64_t i = 0; i < order; ++i) work.p_system(i, i) += shift;
  work.p_factor.factor(work.p_system);
}

void solve_p(LayerBlock& layer, ConstMatrixView q, ConstMatrixView u) {
  if (layer.w_is_implied) return solve_low_rank_p(layer, q, u);
  LayerBlock::Workspace& work = layer.work;
  if (narrow(layer)) {
    // p = t + (z - b - t W) (W^T W + rho/nu I)^-1 W^T, t = q - u / rho.
    proximal_centre(layer, q, u, layer.p);
    work.rhs.reshape(layer.columns(), layer.out);
    gemm(layer.p, layer.w, work.rhs);
    for (int64_t i = 0; i < layer.z.rows(); ++i) {
      for (int64_t j = 0; j < layer.out; ++j) work.rhs(i, j) = layer.z(i, j) - layer.b(0, j) - work.rhs(i, j);
    }
    work.p_factor.solve_rows(work.rhs);
    gemm_transposed_b(work.rhs, layer.w, layer.p, Write::accumulate);
    return;
  }
  // p = ((z - b) W^T + rho/nu q - u/nu) (W W^T + rho/nu I)^-1, row by row while a row is near.
  const float shift = layer.rho / layer.nu, inverse = 1.0f / layer.nu;
  const BlockView w_transposed{work.transposed.data(), layer.in};
  parallel_blocks(q.rows, even_rows(q.rows), [&](int64_t begin, int64_t end) {
    const MatrixView rows{layer.p.row(begin), end - begin, layer.in};
    set_product(1.0f, {layer.z.row(begin), layer.out}, false, w_transposed, false, {rows.data, layer.in}, rows.rows,
                layer.in, layer.out);
    const float* const bias = work.coefficients.data();
    for (int64_t i = 0; i < rows.rows; ++i) {
      const float *const qi = q.row(begin + i), *const ui = u.row(begin + i);
      float* const p = rows.row(i);
      for (int64_t j = 0; j < layer.in; ++j) p[j] += shift * qi[j] - inverse * ui[j] - bias[j];
    }
    work.p_factor.solve_rows(rows);
  });
}

double p_objective(LayerBlock& layer, ConstMatrixView p, ConstMatrixView q, ConstMatrixView u) {
  layer.h.reshape(layer.columns(), layer.out);
  affine_map(p, layer.w, layer.b, layer.h);
  const float *h = layer.h.data(), *z = layer.z.data();
  std::array<double, 3> sums = {
      sum_elements(layer.z.size(), [&](int64_t i) { return (z[i] - h[i]) * (z[i] - h[i]); }),
      sum_elements(q.size(), [&](int64_t i) { return u.data[i] * p.data[i]; }),
      sum_elements(q.size(), [&](int64_t i) { return (p.data[i] - q.data[i]) * (p.data[i] - q.data[i]); })};
  if (layer.shards != nullptr) layer.shards->sum(sums);
  const auto [misfit, dual, gap] = sums;
  return layer.nu / 2.0 * misfit + dual + layer.rho / 2.0 * gap;
}

void solve_p_on_grid(LayerBlock& layer, const Grid& grid, ConstMatrixView q, ConstMatrixView u) {
  form_w(layer);
  prepare_p(layer);
  Matrix& old = layer.work.gradient;
  old.reshape(layer.p.rows(), layer.p.cols());
  std::memcpy(old.data(), layer.p.data(), layer.p.bytes());
  const double before = p_objective(layer, old, q, u);
  solve_p(layer, q, u);
  for (int64_t i = 0; i < layer.p.size(); ++i) layer.p.data()[i] = grid.nearest(layer.p.data()[i]);
  if (p_objective(layer, layer.p, q, u) < before) return;
  std::memcpy(layer.p.data(), old.data(), layer.p.bytes());
  step_p(layer, grid, q, u);
}

void step_p(LayerBlock& layer, const Grid& grid, ConstMatrixView q, ConstMatrixView u) {
  LayerBlock::Workspace& work = layer.work;
  const int64_t m = layer.columns();
  for (Matrix* x : {&work.gradient, &work.step}) x->reshape(m, layer.in);
  for (Matrix* x : {&work.rhs, &layer.h}) x->reshape(m, layer.out);
  affine_map(layer.p, layer.w, layer.b, layer.h);
  gradient_p(layer, q, u, work.gradient);

  const float* g = work.gradient.data();
  float *p = layer.p.data(), *step = work.step.data();
  const double least = grid.fixed() ? 0.0 : curvature(layer, work.gradient, work.rhs);
  double tau = work.tau > 0.0f ? work.tau / 2.0 : layer.rho;
  while (tau < least) tau *= 2.0;
  // A rounded step leaves the gradient's direction, so its own curvature is what the bound has to cover.
  for (;; tau *= 2.0) {
    const auto inverse = static_cast<float>(1.0 / tau);
    for (int64_t i = 0; i < layer.p.size(); ++i) {
      const float to = p[i] - inverse * g[i];
      step[i] = grid.fixed() ? grid.nearest(to) - p[i] : -inverse * g[i];
    }
    if (!grid.fixed() || !(curvature(layer, work.step, work.rhs) > tau)) break;
  }
  for (int64_t i = 0; i < layer.p.size(); ++i) p[i] += step[i];
  work.tau = static_cast<float>(tau);
}

}  // namespace tersegraph
