#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "admm/low_rank.h"
#include "admm/minimise.h"
#include "admm/nonlinearity.h"
#include "admm/p_update.h"
#include "admm/q_u_update.h"
#include "admm/random_layer.h"
#include "admm/w_update.h"
#include "admm/z_last_update.h"
#include "admm/z_update.h"

namespace tersegraph {
namespace {

using testing::copy_of;
using testing::minimise;
using testing::Point;
using testing::point_of;
using testing::random_layer;
using testing::random_matrix;

struct Shape {
  int64_t m, in, out;
  float target;
};
void PrintTo(const Shape& s, std::ostream* out) {
  *out << s.m << " columns, " << s.in << " to " << s.out;
}

class LayerShapes : public ::testing::TestWithParam<Shape> {
 protected:
  LayerBlock layer() const { return random_layer(GetParam().m, GetParam().in, GetParam().out, GetParam().target, 11); }
};

INSTANTIATE_TEST_SUITE_P(Shapes, LayerShapes,
                         ::testing::Values(Shape{6, 4, 4, 1.0f}, Shape{3, 5, 5, 1.0f}, Shape{5, 6, 2, 0.0f},
                                           Shape{7, 3, 5, 0.0f}, Shape{3, 9, 9, 1.0f}));

/// nu/2 ||z - p W - b||^2 in fp64.
double misfit(const LayerBlock& l, const double* p, const double* w, const double* b) {
  double sum = 0.0;
  for (int64_t i = 0; i < l.columns(); ++i) {
    for (int64_t j = 0; j < l.out; ++j) {
      double at = l.z(i, j) - b[j];
      for (int64_t k = 0; k < l.in; ++k) at -= p[i * l.in + k] * w[k * l.out + j];
      sum += at * at;
    }
  }
  return l.nu / 2.0 * sum;
}

double p_value(const LayerBlock& l, const Matrix& q, const Matrix& u, const Point& p) {
  const Point w = point_of(l.w), b = point_of(l.b);
  double sum = misfit(l, p.data(), w.data(), b.data());
  for (size_t i = 0; i < p.size(); ++i) {
    const double apart = p[i] - q.data()[i];
    sum += u.data()[i] * p[i] + l.rho / 2.0 * apart * apart;
  }
  return sum;
}

TEST_P(LayerShapes, ClosedPIsTheMinimum) {
  LayerBlock l = layer();
  const Matrix q = random_matrix(l.columns(), l.in, 21), u = random_matrix(l.columns(), l.in, 22);
  const Point least = minimise([&](const Point& p) { return p_value(l, q, u, p); }, point_of(l.p));
  prepare_p(l);
  solve_p(l, q, u);
  for (size_t i = 0; i < least.size(); ++i) EXPECT_NEAR(l.p.data()[i], least[i], 2e-4);
}

TEST(LowRank, GivesThePOfTheDenseWay) {
  LayerBlock l = random_layer(20, 70, 70, 1.0f, 5);
  solve_w(l, false);
  ASSERT_TRUE(l.w_is_implied);
  const Matrix q = random_matrix(20, 70, 21), u = random_matrix(20, 70, 22);
  const double ridge = ridge_term(l);
  prepare_p(l);
  solve_p(l, q, u);
  const Matrix low_rank = copy_of(l.p);
  form_w(l);
  l.w_is_implied = false;
  EXPECT_NEAR(ridge, ridge_term(l), 1e-4 * ridge);
  prepare_p(l);
  solve_p(l, q, u);
  for (int64_t i = 0; i < low_rank.size(); ++i) EXPECT_NEAR(low_rank.data()[i], l.p.data()[i], 1e-4);
}

TEST_P(LayerShapes, GradientStepsReachTheSameP) {
  LayerBlock l = layer();
  const Matrix q = random_matrix(l.columns(), l.in, 21), u = random_matrix(l.columns(), l.in, 22);
  double before = p_value(l, q, u, point_of(l.p));
  for (int k = 0; k < 300; ++k) {
    step_p(l, Grid(), q, u);
    const double after = p_value(l, q, u, point_of(l.p));
    ASSERT_LE(after, before + 1e-5 * std::abs(before)) << "step " << k;
    before = after;
  }
  const Matrix stepped = copy_of(l.p);
  prepare_p(l);
  solve_p(l, q, u);
  for (int64_t i = 0; i < stepped.size(); ++i) EXPECT_NEAR(stepped.data()[i], l.p.data()[i], 2e-3);
}

TEST_P(LayerShapes, OnAFixedGridPNeverRises) {
  AdmmConfig config;
  config.quantize = Quantize::p;
  config.grid = GridKind::paper;
  const Grid grid(config, false);
  LayerBlock l = layer();
  for (int64_t i = 0; i < l.p.size(); ++i) l.p.data()[i] = grid.nearest(l.p.data()[i]);
  const Matrix q = random_matrix(l.columns(), l.in, 21, 3.0), u = random_matrix(l.columns(), l.in, 22);
  for (const bool closed : {true, false}) {
    LayerBlock work = layer();
    work.p = copy_of(l.p);
    double before = p_value(work, q, u, point_of(work.p));
    for (int k = 0; k < 20; ++k) {
      if (closed) {
        prepare_p(work);
        solve_p_on_grid(work, grid, q, u);
      } else {
        step_p(work, grid, q, u);
      }
      const double after = p_value(work, q, u, point_of(work.p));
      ASSERT_LE(after, before + 1e-5 * std::abs(before));
      before = after;
      for (int64_t i = 0; i < work.p.size(); ++i) ASSERT_EQ(work.p.data()[i], grid.nearest(work.p.data()[i]));
    }
  }
}

double w_value(const LayerBlock& l, const Point& x) {
  const Point p = point_of(l.p);
  double sum = misfit(l, p.data(), x.data(), x.data() + l.w.size());
  for (int64_t i = 0; i < l.in; ++i) {
    for (int64_t j = 0; j < l.out; ++j) {
      const double apart = x[i * l.out + j] - (i == j ? l.target : 0.0);
      sum += l.nu * l.ridge / 2.0 * apart * apart;
    }
  }
  return sum;
}

Point weights_of(const LayerBlock& l) {
  Point x = point_of(l.w);
  const Point b = point_of(l.b);
  x.insert(x.end(), b.begin(), b.end());
  return x;
}

void expect_affine_map(const LayerBlock& l) {
  for (int64_t i = 0; i < l.columns(); ++i) {
    for (int64_t j = 0; j < l.out; ++j) {
      double at = l.b(0, j);
      for (int64_t k = 0; k < l.in; ++k) at += static_cast<double>(l.p(i, k)) * l.w(k, j);
      EXPECT_NEAR(l.h(i, j), at, 2e-4);
    }
  }
}

TEST_P(LayerShapes, ClosedWAndBAreTheMinimum) {
  for (const bool fixed : {false, true}) {
    LayerBlock l = layer();
    const Point least = minimise([&](const Point& x) { return w_value(l, x); }, weights_of(l));
    solve_w(l, fixed);
    if (fixed) solve_w(l, fixed);  // with the factor that was kept
    form_w(l);
    const Point found = weights_of(l);
    for (size_t i = 0; i < least.size(); ++i) EXPECT_NEAR(found[i], least[i], 5e-4);
    expect_affine_map(l);
    EXPECT_NEAR(w_objective(l, l.w, l.b), w_value(l, found), 1e-4);
  }
}

TEST_P(LayerShapes, GradientStepsNeverRaiseW) {
  LayerBlock l = layer();
  double before = w_value(l, weights_of(l));
  for (int k = 0; k < 1000; ++k) {
    step_w(l);
    const double after = w_value(l, weights_of(l));
    ASSERT_LE(after, before + 1e-5 * before);
    before = after;
  }
  expect_affine_map(l);
  LayerBlock closed = layer();
  solve_w(closed, false);
  form_w(closed);
  EXPECT_NEAR(before, w_value(closed, weights_of(closed)), 1e-2 * before);
}

class Nonlinearities : public ::testing::TestWithParam<Nonlinearity> {};

INSTANTIATE_TEST_SUITE_P(All, Nonlinearities,
                         ::testing::Values(Nonlinearity::relu, Nonlinearity::leaky_relu, Nonlinearity::tanh,
                                           Nonlinearity::sigmoid));

TEST_P(Nonlinearities, HiddenZIsTheMinimum) {
  const Nonlinearity f = GetParam();
  const Matrix h = random_matrix(20, 15, 1, 2.0), q = random_matrix(20, 15, 2), old = random_matrix(20, 15, 3, 2.0);
  Matrix z = copy_of(old);
  HiddenUpdate{f}(h, q, z);
  for (int64_t i = 0; i < z.size(); ++i) {
    const auto value = [&](double at) {
      const double gap = q.data()[i] - activate(f, static_cast<float>(at));
      return std::pow(at - h.data()[i], 2) + std::pow(at - old.data()[i], 2) + gap * gap;
    };
    double least = std::numeric_limits<double>::infinity();
    for (double at = -10.0; at <= 10.0; at += 1e-3) least = std::min(least, value(at));
    EXPECT_LE(value(z.data()[i]), least + 1e-5 * (1.0 + least));
    EXPECT_LE(value(z.data()[i]), value(old.data()[i]) + 1e-6);
  }
}

TEST(LastZ, NewtonAndFistaFindTheMinimum) {
  const int64_t rows = 12, classes = 5;
  for (const float nu : {1e-4f, 0.01f, 1.0f}) {
    const Matrix h = random_matrix(rows, classes, 4, 3.0), start = random_matrix(rows, classes, 5, 3.0);
    std::vector<int32_t> labels;
    for (int64_t i = 0; i < rows; ++i) labels.push_back(static_cast<int32_t>(i % classes));
    Matrix newton = copy_of(start), fista = copy_of(start);
    for (int k = 0; k < 10; ++k) solve_last_z(Risk::cross_entropy, h, labels.data(), nu, newton);
    for (int k = 0; k < 100; ++k) step_last_z(Risk::cross_entropy, h, labels.data(), nu, fista);
    for (int64_t i = 0; i < rows; ++i) {
      const auto value = [&](const Point& z) {
        double total = 0.0, apart = 0.0;
        for (int64_t c = 0; c < classes; ++c) total += std::exp(z[c]), apart += std::pow(z[c] - h(i, c), 2);
        return std::log(total) - z[labels[i]] + nu / 2.0 * apart;
      };
      const double least = value(minimise(value, {start.row(i), start.row(i) + classes}));
      EXPECT_NEAR(value({newton.row(i), newton.row(i) + classes}), least, 1e-5) << "nu " << nu;
      EXPECT_NEAR(value({fista.row(i), fista.row(i) + classes}), least, 1e-3) << "nu " << nu;
    }
  }
}

TEST(LastZ, NewtonNeverRaisesTheSubproblem) {
  const Matrix h = random_matrix(50, 7, 4, 30.0);
  Matrix z = random_matrix(50, 7, 5, 30.0);
  const std::vector<int32_t> labels(50, 2);
  const float nu = 1e-5f;
  const auto value = [&] {
    double sum = risk_value(Risk::cross_entropy, z, labels.data());
    for (int64_t i = 0; i < z.size(); ++i) sum += nu / 2.0 * std::pow(z.data()[i] - h.data()[i], 2);
    return sum;
  };
  double before = value();
  for (int k = 0; k < 30; ++k) {
    solve_last_z(Risk::cross_entropy, h, labels.data(), nu, z);
    const double after = value();
    ASSERT_LE(after, before * (1.0 + 1e-6));
    before = after;
  }
}

TEST(LastZ, LeastSquares) {
  const Matrix h = random_matrix(4, 3, 6);
  Matrix z(4, 3);
  const std::vector<int32_t> labels{0, 1, 2, 0};
  solve_last_z(Risk::least_squares, h, labels.data(), 0.5f, z);
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t c = 0; c < 3; ++c) EXPECT_NEAR(z(i, c) - (c == labels[i]) + 0.5 * (z(i, c) - h(i, c)), 0.0, 1e-6);
  }
}

TEST_P(Nonlinearities, QIsTheMinimumAndUFollows) {
  const Nonlinearity f = GetParam();
  const float rho = 0.8f, nu = 0.3f;
  const Matrix p = random_matrix(5, 6, 1), z = random_matrix(5, 6, 2);
  Matrix u = random_matrix(5, 6, 3), q(5, 6);
  solve_q(f, rho, nu, p, u, z, q);
  const auto value = [&](const Point& at) {
    double sum = 0.0;
    for (size_t i = 0; i < at.size(); ++i) {
      sum += nu / 2.0 * std::pow(at[i] - activate(f, z.data()[i]), 2) - u.data()[i] * at[i] +
             rho / 2.0 * std::pow(p.data()[i] - at[i], 2);
    }
    return sum;
  };
  const Point least = minimise(value, point_of(q));
  for (size_t i = 0; i < least.size(); ++i) EXPECT_NEAR(q.data()[i], least[i], 1e-5);
  update_u(rho, p, q, u);
  for (int64_t i = 0; i < q.size(); ++i) EXPECT_NEAR(u.data()[i], nu * (q.data()[i] - activate(f, z.data()[i])), 1e-6);
}

}  // namespace
}  // namespace tersegraph
