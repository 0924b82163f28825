#include "admm/low_rank.h"

#include <algorithm>

#include "admm/elements.h"

namespace tersegraph {
namespace {

/// c (rows, n) = alpha a b (+ c, where `accumulate`), a (rows, k), b (k, n).
void product(float alpha, BlockView a, BlockView b, BlockView c, int64_t rows, int64_t n, int64_t k, bool accumulate) {
  parallel_blocks(rows, even_rows(rows), [&](int64_t begin, int64_t end) {
    const auto multiply = accumulate ? add_product : set_product;
    multiply(alpha, a.at(begin, 0), false, b, false, c.at(begin, 0), end - begin, n, k);
  });
}

BlockView block(const Matrix& x) {
  return {x.data(), x.cols()};
}

}  // namespace

bool low_rank_pays(const LayerBlock& layer) {
  return layer.shards == nullptr && layer.target == 1.0f && layer.in == layer.out && layer.in >= 3 * layer.columns();
}

// With D = p - t, t = q - u / rho, E = z - b - t W and r = rho / nu, p minimises ||E - D W||^2 + r ||D||^2. D W = D + A
// Y where A = D F^T; with the multiplier M of that constraint and s = 1 + r the stationary point is D = (E - A Y + M F)
// / s, and
//     [A M] [ s I + Y F^T,  r Y Y^T ; -F F^T,  s I + F Y^T ] = [E F^T, r E Y^T].
void prepare_low_rank_p(LayerBlock& layer) {
  LayerBlock::Workspace& work = layer.work;
  const int64_t m = layer.columns(), n = layer.in;
  const float r = layer.rho / layer.nu;
  work.transposed.reshape(n, 2 * m);
  transpose(work.centred_p, block(work.transposed));
  transpose(work.centred_z, block(work.transposed).at(0, m));
  Matrix& system = work.p_system;
  system.reshape(2 * m, 2 * m);
  product(1.0f, block(work.centred_z), block(work.transposed), block(system), m, 2 * m, n, false);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < m; ++j) {
      system(m + i, m + j) = system(j, i);
      system(m + i, j) = -work.gram(i, j);
      system(i, m + j) *= r;
    }
  }
  for (int64_t i = 0; i < 2 * m; ++i) system(i, i) += 1.0f + r;
  work.p_lu.factor(system);
}

void solve_low_rank_p(LayerBlock& layer, ConstMatrixView q, ConstMatrixView u) {
  LayerBlock::Workspace& work = layer.work;
  const int64_t m = layer.columns(), n = layer.in;
  const BlockView f = block(work.centred_p), y = block(work.centred_z), transposed = block(work.transposed);
  const float r = layer.rho / layer.nu, inverse_rho = 1.0f / layer.rho, share = 1.0f / (1.0f + r);
  work.rhs.reshape(m, n);
  work.coefficients.reshape(m, 2 * m);
  const MatrixView p = layer.p, e = work.rhs, both = work.coefficients;
  const BlockView p_block = block(layer.p), e_block = block(work.rhs), a = block(work.coefficients);

  parallel_blocks(m, even_rows(m), [&](int64_t begin, int64_t end) {
    const float* const b = layer.b.data();
    for (int64_t i = begin; i < end; ++i) {
      const float *const qi = q.row(i), *const ui = u.row(i), *const zi = layer.z.row(i);
      float *const pi = p.row(i), *const ei = e.row(i);
      for (int64_t j = 0; j < n; ++j) pi[j] = qi[j] - inverse_rho * ui[j];
      for (int64_t j = 0; j < n; ++j) ei[j] = zi[j] - b[j] - pi[j];
    }
  });
  product(1.0f, p_block, transposed, a, m, m, n, false);
  product(-1.0f, a, y, e_block, m, n, m, true);  // e = z - b - t - (t F^T) Y
  product(1.0f, e_block, transposed, a, m, 2 * m, n, false);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = m; j < 2 * m; ++j) both(i, j) *= r;
  }
  work.p_lu.solve_rows(both);
  parallel_elements(p.size(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) p.data[i] += share * e.data[i];
  });
  product(-share, a, y, p_block, m, n, m, true);
  product(share, a.at(0, m), f, p_block, m, n, m, true);
}

void form_w(LayerBlock& layer) {
  if (layer.w_is_formed) return;
  multiply_columns(layer.work.centred_p, layer.work.centred_z, layer.w);
  for (int64_t i = 0; i < layer.in; ++i) layer.w(i, i) += 1.0f;
  layer.w_is_formed = true;
}

}  // namespace tersegraph
