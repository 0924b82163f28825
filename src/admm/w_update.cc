#include "admm/w_update.h"

#include <algorithm>
#include <cmath>

#include "admm/elements.h"
#include "admm/low_rank.h"

namespace tersegraph {
namespace {

/// mean (1, cols) of x's rows, those of all shards. fp32 sums of 16 rows, closed in fp64.
void mean_of_rows(LayerBlock& layer, ConstMatrixView x, Matrix& mean) {
  mean.reshape(1, x.cols);
  std::vector<double>& all = layer.work.sums;
  all.resize(static_cast<size_t>(x.cols));
  constexpr int64_t kColumns = 256, kShort = 16;
  parallel_blocks(x.cols, kColumns, [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    double sums[kColumns] = {};
    for (int64_t i = 0; i < x.rows; i += kShort) {
      float few[kColumns] = {};
      for (int64_t k = i; k < std::min(i + kShort, x.rows); ++k) {
        const float* const row = x.row(k) + begin;
        for (int64_t j = 0; j < count; ++j) few[j] += row[j];
      }
      for (int64_t j = 0; j < count; ++j) sums[j] += few[j];
    }
    std::copy_n(sums, count, all.begin() + begin);
  });
  if (layer.shards != nullptr) layer.shards->sum(all);
  const auto rows = static_cast<double>(layer.all_columns());
  for (int64_t j = 0; j < x.cols; ++j) mean(0, j) = static_cast<float>(all[j] / rows);
}

/// The mean of x's rows, and x without it.
void centre(LayerBlock& layer, ConstMatrixView x, Matrix& mean, Matrix& centred) {
  mean_of_rows(layer, x, mean);
  centred.reshape(x.rows, x.cols);
  parallel_blocks(x.rows, even_rows(x.rows), [&](int64_t begin, int64_t end) {
    const float* const middle = mean.data();
    for (int64_t i = begin; i < end; ++i) {
      const float* const from = x.row(i);
      float* const to = centred.row(i);
      for (int64_t j = 0; j < x.cols; ++j) to[j] = from[j] - middle[j];
    }
  });
}

void add_to_diagonal(MatrixView a, float value) {
  for (int64_t i = 0; i < std::min(a.rows, a.cols); ++i) a(i, i) += value;
}

/// Products of columns with columns need all of them.
bool dual(const LayerBlock& layer) {
  return layer.shards == nullptr && layer.in > layer.columns();
}

/// With p fixed and no target the solution is a product with a matrix that never changes: p (p^T p + ridge I)^-1.
bool solved_once(const LayerBlock& layer, bool p_is_fixed) {
  return p_is_fixed && !dual(layer) && layer.target == 0.0f;
}

void keep_gram(LayerBlock& layer) {
  const Matrix& from = layer.work.w_system;
  layer.work.gram.reshape(from.rows(), from.cols());
  for (int64_t i = 0; i < from.rows(); ++i) {
    for (int64_t j = 0; j <= i; ++j) layer.work.gram(i, j) = layer.work.gram(j, i) = from(i, j);
  }
}

void factor_system(LayerBlock& layer) {
  LayerBlock::Workspace& work = layer.work;
  const int64_t order = dual(layer) ? layer.columns() : layer.in;
  work.w_system.reshape(order, order);
  if (dual(layer)) {
    gram_rows(work.centred_p, work.w_system);
    if (low_rank_pays(layer)) keep_gram(layer);
  } else {
    gram_columns(work.centred_p, work.w_system);
    if (layer.shards != nullptr) layer.shards->sum_lower(work.w_system);
  }
  add_to_diagonal(work.w_system, layer.ridge);
  work.w_factor.factor(work.w_system);
}

/// W = target I + p^T y, y = (p p^T + ridge I)^-1 (z - target p), all centred. Then p W = z - ridge y: h costs no
/// product.
void solve_dual(LayerBlock& layer) {
  LayerBlock::Workspace& work = layer.work;
  MatrixView y = work.centred_z;
  if (layer.target != 0.0f) {
    const float* p = work.centred_p.data();
    for (int64_t i = 0; i < y.size(); ++i) y.data[i] -= layer.target * p[i];
  }
  work.w_factor.solve_columns(y);
  layer.w_is_implied = low_rank_pays(layer);
  layer.w_is_formed = !layer.w_is_implied;
  if (layer.w_is_formed) {
    multiply_columns(work.centred_p, y, layer.w);
    add_to_diagonal(layer.w, layer.target);
  }
  parallel_elements(y.size(), [&](int64_t begin, int64_t end) {
    const float* z = layer.z.data();
    for (int64_t i = begin; i < end; ++i) layer.h.data()[i] = z[i] - layer.ridge * y.data[i];
  });
}

/// z need not be centred where it meets the centred p.
void solve_primal(LayerBlock& layer, bool p_is_fixed) {
  LayerBlock::Workspace& work = layer.work;
  multiply_columns(work.centred_p, layer.z, layer.w);
  if (layer.shards != nullptr) layer.shards->sum(layer.w);
  if (solved_once(layer, p_is_fixed)) return;
  add_to_diagonal(layer.w, layer.ridge * layer.target);
  work.w_factor.solve_columns(layer.w);
}

/// b = mean of z - (mean of p) W.
void solve_b(LayerBlock& layer) {
  LayerBlock::Workspace& work = layer.work;
  if (layer.w_is_implied) {
    work.coefficients.reshape(1, layer.columns());
    gemm_transposed_b(work.p_mean, work.centred_p, work.coefficients);
    std::copy_n(work.p_mean.data(), layer.in, layer.b.data());
    gemm(work.coefficients, work.centred_z, layer.b, Write::accumulate);
  } else {
    gemm(work.p_mean, layer.w, layer.b);
  }
  for (int64_t j = 0; j < layer.out; ++j) layer.b(0, j) = layer.work.z_mean(0, j) - layer.b(0, j);
}

}  // namespace

void affine_map(ConstMatrixView p, ConstMatrixView w, ConstMatrixView b, MatrixView h) {
  const BlockView factor{const_cast<float*>(w.data), w.cols};
  parallel_blocks(h.rows, even_rows(h.rows), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::copy_n(b.data, b.cols, h.row(i));
    add_product(1.0f, {const_cast<float*>(p.row(begin)), p.cols}, false, factor, false, {h.row(begin), h.cols},
                end - begin, h.cols, p.cols);
  });
}

void solve_w(LayerBlock& layer, bool p_is_fixed) {
  LayerBlock::Workspace& work = layer.work;
  if (!(p_is_fixed && work.w_factored)) {
    centre(layer, layer.p, work.p_mean, work.centred_p);
    factor_system(layer);
    if (solved_once(layer, p_is_fixed)) work.w_factor.solve_rows(work.centred_p);
    work.w_factored = p_is_fixed;
  }
  layer.h.reshape(layer.columns(), layer.out);
  if (dual(layer)) {
    centre(layer, layer.z, work.z_mean, work.centred_z);
    solve_dual(layer);
    solve_b(layer);
  } else {
    mean_of_rows(layer, layer.z, work.z_mean);
    solve_primal(layer, p_is_fixed);
    solve_b(layer);
    affine_map(layer.p, layer.w, layer.b, layer.h);
  }
}

void step_w(LayerBlock& layer) {
  LayerBlock::Workspace& work = layer.work;
  const int64_t m = layer.columns();
  for (Matrix* x : {&work.rhs, &layer.h}) x->reshape(m, layer.out);
  affine_map(layer.p, layer.w, layer.b, layer.h);
  for (int64_t i = 0; i < layer.z.size(); ++i) work.rhs.data()[i] = layer.h.data()[i] - layer.z.data()[i];

  // The gradient in units of nu: g = p^T (h - z) + ridge (W - target I).
  work.gradient_w.reshape(layer.in, layer.out);
  const MatrixView g = work.gradient_w;
  gemm_transposed_a(layer.p, work.rhs, g, work.gemm);
  if (layer.shards != nullptr) layer.shards->sum(g);
  for (int64_t i = 0; i < g.size(); ++i) g.data[i] += layer.ridge * layer.w.data()[i];
  add_to_diagonal(g, -layer.ridge * layer.target);

  MatrixView image = work.rhs;
  gemm(layer.p, g, image);
  const double length = sum_elements(g.size(), [&](int64_t i) { return g.data[i] * g.data[i]; });
  double stretched = sum_elements(image.size(), [&](int64_t i) { return image.data[i] * image.data[i]; });
  if (layer.shards != nullptr) layer.shards->sum({&stretched, 1});
  const double least = length > 0.0 ? stretched / length + layer.ridge : 0.0;
  double theta = work.theta > 0.0f ? work.theta / 2.0 : 1.0;
  while (theta < least) theta *= 2.0;
  work.theta = static_cast<float>(theta);

  const auto inverse = static_cast<float>(1.0 / theta);
  for (int64_t i = 0; i < g.size(); ++i) layer.w.data()[i] -= inverse * g.data[i];
  for (int64_t i = 0; i < image.size(); ++i) layer.h.data()[i] -= inverse * image.data[i];

  // b + mean(z - h) is the mean of z - p W.
  for (int64_t i = 0; i < layer.z.size(); ++i) image.data[i] = layer.z.data()[i] - layer.h.data()[i];
  centre(layer, image, work.z_mean, work.centred_z);
  for (int64_t j = 0; j < layer.out; ++j) layer.b(0, j) += work.z_mean(0, j);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < layer.out; ++j) layer.h(i, j) += work.z_mean(0, j);
  }
}

double ridge_term(LayerBlock& layer) {
  if (!layer.w_is_implied) return ridge_term(layer, layer.w);
  // ||F^T Y||^2 is the sum over both Gram matrices' products.
  LayerBlock::Workspace& work = layer.work;
  work.coefficients.reshape(layer.columns(), layer.columns());
  gemm_transposed_b(work.centred_z, work.centred_z, work.coefficients);
  const float *f = work.gram.data(), *y = work.coefficients.data();
  return 0.5 * layer.nu * layer.ridge * sum_elements(work.gram.size(), [&](int64_t i) { return f[i] * y[i]; });
}

double ridge_term(const LayerBlock& layer, ConstMatrixView w) {
  double sum = sum_elements(w.size(), [&](int64_t i) { return w.data[i] * w.data[i]; });
  for (int64_t i = 0; layer.target != 0.0f && i < std::min(w.rows, w.cols); ++i) {
    const double element = w(i, i), apart = element - layer.target;
    sum += apart * apart - element * element;
  }
  return 0.5 * layer.nu * layer.ridge * sum;
}

double w_objective(const LayerBlock& layer, ConstMatrixView w, ConstMatrixView b) {
  Matrix h(layer.columns(), layer.out);
  affine_map(layer.p, w, b, h);
  const float* z = layer.z.data();
  const double misfit = sum_elements(h.size(), [&](int64_t i) { return (z[i] - h.data()[i]) * (z[i] - h.data()[i]); });
  return 0.5 * layer.nu * misfit + ridge_term(layer, w);
}

}  // namespace tersegraph
