#include "admm/low_rank.h"

#include <algorithm>

#include "admm/elements.h"

namespace tersegraph {
namespace {

constexpr int64_t kRows = 128;

/// c's columns from `column` on <- x y^T, x (rows, n), y (k, n).
void product_into(ConstMatrixView x, ConstMatrixView y, MatrixView c, int64_t column) {
  parallel_blocks(x.rows, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::fill_n(c.row(i) + column, y.rows, 0.0f);
    add_product(1.0f, {const_cast<float*>(x.row(begin)), x.cols}, false, {const_cast<float*>(y.data), y.cols}, true,
                {c.row(begin) + column, c.cols}, end - begin, y.rows, x.cols);
  });
}

/// c += alpha (columns of a from `column` on) y, y (k, n).
void add_columns_product(float alpha, ConstMatrixView a, int64_t column, ConstMatrixView y, MatrixView c) {
  parallel_blocks(c.rows, kRows, [&](int64_t begin, int64_t end) {
    add_product(alpha, {const_cast<float*>(a.row(begin)) + column, a.cols}, false, {const_cast<float*>(y.data), y.cols},
                false, {c.row(begin), c.cols}, end - begin, c.cols, y.rows);
  });
}

}  // namespace

bool low_rank_pays(const LayerBlock& layer) {
  return layer.target == 1.0f && layer.in == layer.out && layer.in >= 3 * layer.columns();
}

// With D = p - t, t = q - u / rho, E = z - b - t W and r = rho / nu, p minimises ||E - D W||^2 + r ||D||^2. D W = D + A
// Y where A = D F^T; with the multiplier M of that constraint and s = 1 + r the stationary point is D = (E - A Y + M F)
// / s, and
//     [A M] [ s I + Y F^T,  r Y Y^T ; -F F^T,  s I + F Y^T ] = [E F^T, r E Y^T].
void prepare_low_rank_p(LayerBlock& layer) {
  LayerBlock::Workspace& work = layer.work;
  const int64_t m = layer.columns();
  const MatrixView f = work.centred_p, y = work.centred_z;
  const float r = layer.rho / layer.nu;
  Matrix& system = work.p_system;
  system.reshape(2 * m, 2 * m);
  product_into(y, f, system, 0);
  // The lower half's Gram matrix of F was made for W; Y Y^T comes here.
  product_into(y, y, system, m);
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
  const int64_t m = layer.columns();
  const MatrixView f = work.centred_p, y = work.centred_z, p = layer.p;
  const float r = layer.rho / layer.nu, inverse_rho = 1.0f / layer.rho, share = 1.0f / (1.0f + r);
  Matrix& e = work.rhs;
  e.reshape(m, layer.out);
  work.coefficients.reshape(m, 2 * m);
  const MatrixView both = work.coefficients;

  parallel_blocks(m, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float *qi = q.row(i), *ui = u.row(i), *zi = layer.z.row(i), *b = layer.b.data();
      for (int64_t j = 0; j < layer.in; ++j) {
        const float t = qi[j] - inverse_rho * ui[j];
        p(i, j) = t;
        e(i, j) = zi[j] - b[j] - t;
      }
    }
  });
  product_into(p, f, both, 0);
  add_columns_product(-1.0f, both, 0, y, e);  // e = z - b - t - (t F^T) Y
  product_into(e, f, both, 0);
  product_into(e, y, both, m);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = m; j < 2 * m; ++j) both(i, j) *= r;
  }
  work.p_lu.solve_rows(both);
  parallel_elements(p.size(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) p.data[i] += share * e.data()[i];
  });
  add_columns_product(-share, both, 0, y, p);
  add_columns_product(share, both, m, f, p);
}

void form_w(LayerBlock& layer) {
  if (layer.w_is_formed) return;
  gemm_transposed_a(layer.work.centred_p, layer.work.centred_z, layer.w, layer.work.gemm);
  for (int64_t i = 0; i < layer.in; ++i) layer.w(i, i) += 1.0f;
  layer.w_is_formed = true;
}

}  // namespace tersegraph
