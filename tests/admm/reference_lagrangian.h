#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "admm/layer_pipeline.h"
#include "admm/low_rank.h"
#include "base/rng.h"

namespace tersegraph::testing {

/// One layer's variables in fp64, row-major: p (m, in), W (in, out), b (out), z, q, u (m, out).
struct ReferenceLayer {
  int64_t m = 0, in = 0, out = 0;
  double ridge = 0.0, target = 0.0;
  std::vector<double> p, w, b, z, q, u;
};

/// Lengths of the augmented Lagrangian's (sub)gradient with respect to each kind of variable, over all layers. That of
/// u is the length of all residuals p_{l+1} - q_l.
struct GradientNorms {
  double p = 0.0, w = 0.0, b = 0.0, z = 0.0, q = 0.0, u = 0.0;
  double total() const { return std::sqrt(p * p + w * w + b * b + z * z + q * q + u * u); }
  double all_but_p() const { return std::sqrt(w * w + b * b + z * z + q * q + u * u); }
};

/// The augmented Lagrangian and its gradient by their definitions, in plain fp64 loops: shares no code with the solver.
struct Reference {
  std::vector<ReferenceLayer> layers;
  double nu = 0.0, rho = 0.0;
  Nonlinearity f = Nonlinearity::relu;
  const int32_t* labels = nullptr;

  Reference() = default;
  /// The variables of a pipeline that is all on one rank.
  Reference(LayerPipeline& pipeline, const AdmmConfig& config, const int32_t* labels)
      : nu(config.nu), rho(config.rho), f(config.nonlinearity), labels(labels) {
    const auto wide = [](const Matrix& x) { return std::vector<double>(x.data(), x.data() + x.size()); };
    for (LayerBlock& l : pipeline.blocks()) {
      form_w(l);
      layers.push_back({l.columns(), l.in, l.out, l.ridge, l.target, wide(l.p), wide(l.w), wide(l.b), wide(l.z),
                        wide(l.q), wide(l.u)});
    }
  }

  double activation(double x) const {
    switch (f) {
      case Nonlinearity::relu:
        return x > 0.0 ? x : 0.0;
      case Nonlinearity::leaky_relu:
        return x > 0.0 ? x : 0.01 * x;
      case Nonlinearity::tanh:
        return std::tanh(x);
      case Nonlinearity::sigmoid:
        return 1.0 / (1.0 + std::exp(-x));
    }
    return x;
  }

  /// p W + b - z.
  static std::vector<double> misfit(const ReferenceLayer& l) {
    std::vector<double> r(l.z.size());
    for (int64_t i = 0; i < l.m; ++i) {
      for (int64_t j = 0; j < l.out; ++j) {
        double at = l.b[j] - l.z[i * l.out + j];
        for (int64_t k = 0; k < l.in; ++k) at += l.p[i * l.in + k] * l.w[k * l.out + j];
        r[i * l.out + j] = at;
      }
    }
    return r;
  }

  /// W - target I.
  static double off_target(const ReferenceLayer& l, int64_t i) {
    return l.w[i] - (i / l.out == i % l.out ? l.target : 0.0);
  }

  double lagrangian() const {
    double sum = 0.0;
    for (size_t k = 0; k < layers.size(); ++k) {
      const ReferenceLayer& l = layers[k];
      for (const double r : misfit(l)) sum += nu / 2.0 * r * r;
      for (int64_t i = 0; i < l.in * l.out; ++i) sum += nu * l.ridge / 2.0 * off_target(l, i) * off_target(l, i);
      if (k + 1 == layers.size()) {
        for (int64_t i = 0; i < l.m; ++i) sum += cross_entropy(l, i);
        continue;
      }
      const std::vector<double>& above = layers[k + 1].p;
      for (size_t i = 0; i < l.q.size(); ++i) {
        const double apart = l.q[i] - activation(l.z[i]), gap = above[i] - l.q[i];
        sum += nu / 2.0 * apart * apart + l.u[i] * gap + rho / 2.0 * gap * gap;
      }
    }
    return sum;
  }

  double cross_entropy(const ReferenceLayer& l, int64_t row) const {
    double total = 0.0;
    for (int64_t c = 0; c < l.out; ++c) total += std::exp(l.z[row * l.out + c]);
    return std::log(total) - l.z[row * l.out + labels[row]];
  }

  /// nu (p W + b - z) W^T, the gradient of the objective F with respect to layer k's p.
  std::vector<double> objective_gradient_p(size_t k) const {
    const ReferenceLayer& l = layers[k];
    const std::vector<double> r = misfit(l);
    std::vector<double> g(l.p.size(), 0.0);
    for (int64_t i = 0; i < l.m; ++i) {
      for (int64_t a = 0; a < l.in; ++a) {
        for (int64_t j = 0; j < l.out; ++j) g[i * l.in + a] += nu * r[i * l.out + j] * l.w[a * l.out + j];
      }
    }
    return g;
  }

  /// The same of the augmented Lagrangian; k > 0.
  std::vector<double> gradient_p(size_t k) const {
    std::vector<double> g = objective_gradient_p(k);
    const ReferenceLayer& below = layers[k - 1];
    for (size_t i = 0; i < g.size(); ++i) g[i] += below.u[i] + rho * (layers[k].p[i] - below.q[i]);
    return g;
  }

  GradientNorms gradient() const {
    GradientNorms squares;
    for (size_t k = 0; k < layers.size(); ++k) {
      const ReferenceLayer& l = layers[k];
      const std::vector<double> r = misfit(l);
      if (k > 0) {
        for (const double g : gradient_p(k)) squares.p += g * g;
      }
      for (int64_t i = 0; i < l.in * l.out; ++i) {
        double g = nu * l.ridge * off_target(l, i);
        for (int64_t n = 0; n < l.m; ++n) g += nu * l.p[n * l.in + i / l.out] * r[n * l.out + i % l.out];
        squares.w += g * g;
      }
      for (int64_t j = 0; j < l.out; ++j) {
        double g = 0.0;
        for (int64_t n = 0; n < l.m; ++n) g += nu * r[n * l.out + j];
        squares.b += g * g;
      }
      k + 1 == layers.size() ? add_last_z(l, r, squares) : add_link(l, r, layers[k + 1].p, squares);
    }
    return {std::sqrt(squares.p), std::sqrt(squares.w), std::sqrt(squares.b),
            std::sqrt(squares.z), std::sqrt(squares.q), std::sqrt(squares.u)};
  }

  void add_last_z(const ReferenceLayer& l, const std::vector<double>& r, GradientNorms& squares) const {
    for (int64_t n = 0; n < l.m; ++n) {
      double total = 0.0;
      for (int64_t c = 0; c < l.out; ++c) total += std::exp(l.z[n * l.out + c]);
      for (int64_t c = 0; c < l.out; ++c) {
        const int64_t i = n * l.out + c;
        const double g = std::exp(l.z[i]) / total - (c == labels[n] ? 1.0 : 0.0) - nu * r[i];
        squares.z += g * g;
      }
    }
  }

  void add_link(const ReferenceLayer& l, const std::vector<double>& r, const std::vector<double>& above,
                GradientNorms& squares) const {
    for (size_t i = 0; i < l.z.size(); ++i) {
      const double fz = activation(l.z[i]), gap = above[i] - l.q[i];
      const double z = hidden_z(l.z[i], -nu * r[i], nu * (l.q[i] - fz)), q = nu * (l.q[i] - fz) - l.u[i] - rho * gap;
      squares.z += z * z;
      squares.q += q * q;
      squares.u += gap * gap;
    }
  }

  /// The least |base - pull s| over the slopes s that f has at z. At the kink of (leaky) ReLU these are both one-sided
  /// slopes, and all between them where the term is convex there (pull < 0).
  double hidden_z(double z, double base, double pull) const {
    const bool kinked = f == Nonlinearity::relu || f == Nonlinearity::leaky_relu;
    if (!kinked) {
      const double y = activation(z);
      return base - pull * (f == Nonlinearity::tanh ? 1.0 - y * y : y * (1.0 - y));
    }
    const double low = f == Nonlinearity::relu ? 0.0 : 0.01, left = base - pull * low, right = base - pull;
    if (z < 0.0) return left;
    if (z > 0.0) return right;
    if (pull < 0.0 && left * right <= 0.0) return 0.0;
    return std::abs(left) < std::abs(right) ? left : right;
  }

  /// The sum of squared differences in all variables.
  double squared_distance(const Reference& other) const {
    double sum = 0.0;
    for (size_t k = 0; k < layers.size(); ++k) {
      const ReferenceLayer &a = layers[k], &b = other.layers[k];
      for (auto member : {&ReferenceLayer::p, &ReferenceLayer::w, &ReferenceLayer::b, &ReferenceLayer::z,
                          &ReferenceLayer::q, &ReferenceLayer::u}) {
        for (size_t i = 0; i < (a.*member).size(); ++i) sum += std::pow((a.*member)[i] - (b.*member)[i], 2);
      }
    }
    return sum;
  }
};

/// The fixed levels that `config` holds p to, ascending.
inline std::vector<double> levels_of(const AdmmConfig& config) {
  if (config.grid == GridKind::file) return {config.grid_levels.begin(), config.grid_levels.end()};
  std::vector<double> levels;
  for (int k = -1; k <= 20; ++k) levels.push_back(k);
  return levels;
}

/// p is a quantized stationary point where, for some tau > 0, the nearest level to p - g / tau is p itself. The least
/// such tau: half the way to the next level in -g's direction must not be passed. Infinite if p is not on the levels.
inline double least_stationary_tau(const std::vector<double>& p, const std::vector<double>& g,
                                   const std::vector<double>& levels) {
  double tau = 0.0;
  for (size_t i = 0; i < p.size(); ++i) {
    const auto at = std::lower_bound(levels.begin(), levels.end(), p[i]);
    if (at == levels.end() || *at != p[i]) return std::numeric_limits<double>::infinity();
    if (g[i] > 0.0 && at != levels.begin()) tau = std::max(tau, 2.0 * g[i] / (*at - *(at - 1)));
    if (g[i] < 0.0 && at + 1 != levels.end()) tau = std::max(tau, -2.0 * g[i] / (*(at + 1) - *at));
  }
  return tau;
}

/// nu ||W||^2 + rho with the spectral norm: the largest curvature of a layer's p subproblem.
inline double largest_curvature_p(const ReferenceLayer& l, double nu, double rho) {
  std::vector<double> x(static_cast<size_t>(l.in), 1.0);
  double square = 0.0;
  for (int step = 0; step < 200; ++step) {
    std::vector<double> image(static_cast<size_t>(l.out), 0.0), back(static_cast<size_t>(l.in), 0.0);
    for (int64_t i = 0; i < l.in * l.out; ++i) image[i % l.out] += x[i / l.out] * l.w[i];
    for (int64_t i = 0; i < l.in * l.out; ++i) back[i / l.out] += image[i % l.out] * l.w[i];
    square = 0.0;
    for (const double value : back) square += value * value;
    square = std::sqrt(square);
    for (size_t i = 0; i < x.size(); ++i) x[i] = back[i] / square;
  }
  return nu * square + rho;
}

/// Draws every variable of every layer at random (X stays); p, where `grid` has fixed levels, from those.
inline void start_at_random(LayerPipeline& pipeline, const Grid& grid, uint64_t seed) {
  Random random(seed, Purpose::generator);
  const auto draw = [&](Matrix& x, double deviation) {
    for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(deviation * random.normal());
  };
  for (LayerBlock& l : pipeline.blocks()) {
    draw(l.w, 1.0 / std::sqrt(static_cast<double>(l.in)));
    draw(l.b, 0.3);
    draw(l.z, 1.0);
    draw(l.q, 1.0);
    draw(l.u, l.nu);
    if (l.first) continue;
    draw(l.p, 2.0);
    if (!grid.fixed()) continue;
    for (int64_t i = 0; i < l.p.size(); ++i) l.p.data()[i] = grid.nearest(l.p.data()[i]);
  }
}

}  // namespace tersegraph::testing
