// What the theory of pdADMM-G and pdADMM-G-Q says of whole runs, and what subproblems_test.cc leaves of the single
// steps. Values and gradients of the augmented Lagrangian come from the fp64 reference, at fp32 iterates.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "admm/layer_pipeline.h"
#include "admm/minimise.h"
#include "admm/nonlinearity.h"
#include "admm/p_update.h"
#include "admm/random_layer.h"
#include "admm/reference_lagrangian.h"
#include "admm/w_update.h"
#include "admm/z_last_update.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

using testing::GradientNorms;
using testing::random_matrix;
using testing::Reference;
using testing::start_at_random;

enum class Delta { none, paper, file };

struct Case {
  AdmmSolver solver;
  Delta delta;
  int64_t columns;  ///< 6: hidden layers' W is implied by them; 30: it is formed
  Nonlinearity f = Nonlinearity::relu;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << (c.solver == AdmmSolver::closed ? "closed" : "gradient") << " solver, p "
       << (c.delta == Delta::none    ? "free"
           : c.delta == Delta::paper ? "in -1..20"
                                     : "in a file's levels")
       << ", " << c.columns << " columns, f " << static_cast<int>(c.f);
}

AdmmConfig config_of(const Case& c) {
  AdmmConfig config;
  config.neurons = c.columns < 10 ? 20 : 8;
  config.nu = 0.1;
  config.rho = 0.45;
  config.solver = c.solver;
  config.nonlinearity = c.f;
  if (c.delta == Delta::none) return config;
  config.quantize = Quantize::p;
  config.grid = c.delta == Delta::paper ? GridKind::paper : GridKind::file;
  // Uneven: dense about 0, where ReLU's outputs are.
  for (const float level :
       {-3.0f, -1.5f, -0.8f, -0.4f, -0.2f, 0.0f, 0.1f, 0.2f, 0.35f, 0.5f, 0.75f, 1.0f, 1.5f, 2.0f, 3.0f, 5.0f}) {
    config.grid_levels.push_back(level);
  }
  return config;
}

/// With strong ridges: well conditioned, so that a limit is reached in few iterations.
AdmmConfig well_conditioned(AdmmConfig config) {
  config.ridge_first = 10.0, config.ridge_hidden = 100.0, config.ridge_last = 15.0;
  return config;
}

/// Four layers on random columns, one rank, from random numbers in every variable; one iteration done, so that u is
/// what the theory says.
void run_from_random_start(const AdmmConfig& config, int64_t columns, uint64_t seed,
                           const std::function<void(LayerPipeline&, const std::function<Reference()>&)>& body) {
  const Matrix x = random_matrix(columns, 6, seed + 100);
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < columns; ++i) labels.push_back(static_cast<int32_t>(i % 3));
  const AdmmInput input{x, labels.data(), columns, x.cols(), 3};
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    LayerPipeline pipeline(config, input, channel);
    pipeline.grow(4);
    start_at_random(pipeline, Grid(config, false), seed);
    PhaseSeconds seconds;
    pipeline.iterate(seconds);
    body(pipeline, [&] { return Reference(pipeline, config, labels.data()); });
  });
}

TEST(ReferenceLagrangian, GradientsAreItsDifferences) {
  for (const auto f : {Nonlinearity::relu, Nonlinearity::leaky_relu, Nonlinearity::tanh, Nonlinearity::sigmoid}) {
    const AdmmConfig config = config_of({AdmmSolver::closed, Delta::none, 30, f});
    run_from_random_start(config, 7, 3, [&](LayerPipeline& pipeline, const auto& reference) {
      Reference at = reference();
      EXPECT_NEAR(at.lagrangian(), sum_terms(pipeline.terms(), config.rho).lagrangian, 1e-4);
      GradientNorms differences;
      const auto square = [&](std::vector<double> testing::ReferenceLayer::*member, double& sum) {
        for (size_t k = member == &testing::ReferenceLayer::p ? 1 : 0; k < at.layers.size(); ++k) {
          for (double& value : at.layers[k].*member) {
            const double middle = value, h = 1e-5;
            value = middle + h;
            const double above = at.lagrangian();
            value = middle - h;
            sum += std::pow((above - at.lagrangian()) / (2.0 * h), 2);
            value = middle;
          }
        }
      };
      // Away from the kink, where the gradient is one number.
      for (auto& l : at.layers) {
        for (double& z : l.z) z += std::abs(z) < 1e-3 ? 0.01 : 0.0;
      }
      square(&testing::ReferenceLayer::p, differences.p);
      square(&testing::ReferenceLayer::w, differences.w);
      square(&testing::ReferenceLayer::b, differences.b);
      square(&testing::ReferenceLayer::z, differences.z);
      square(&testing::ReferenceLayer::q, differences.q);
      square(&testing::ReferenceLayer::u, differences.u);
      const GradientNorms exact = at.gradient();
      EXPECT_NEAR(exact.p, std::sqrt(differences.p), 1e-6 * (1.0 + exact.p));
      EXPECT_NEAR(exact.w, std::sqrt(differences.w), 1e-6 * (1.0 + exact.w));
      EXPECT_NEAR(exact.b, std::sqrt(differences.b), 1e-6 * (1.0 + exact.b));
      EXPECT_NEAR(exact.z, std::sqrt(differences.z), 1e-6 * (1.0 + exact.z));
      EXPECT_NEAR(exact.q, std::sqrt(differences.q), 1e-6 * (1.0 + exact.q));
      EXPECT_NEAR(exact.u, std::sqrt(differences.u), 1e-6 * (1.0 + exact.u));
    });
  }
}

class Theory : public ::testing::TestWithParam<Case> {
 protected:
  const AdmmConfig config_ = config_of(GetParam());
};
class FixedGrids : public Theory {};
class GradientSteps : public Theory {};

constexpr auto kClosed = AdmmSolver::closed, kGradient = AdmmSolver::gradient;
const auto kFree = ::testing::Values(
    Case{kClosed, Delta::none, 30}, Case{kClosed, Delta::none, 6}, Case{kGradient, Delta::none, 30},
    Case{kGradient, Delta::none, 6}, Case{kClosed, Delta::none, 30, Nonlinearity::leaky_relu},
    Case{kGradient, Delta::none, 6, Nonlinearity::tanh}, Case{kClosed, Delta::none, 6, Nonlinearity::sigmoid});
const auto kOnGrids = ::testing::Values(Case{kClosed, Delta::paper, 30}, Case{kClosed, Delta::paper, 6},
                                        Case{kGradient, Delta::paper, 30}, Case{kGradient, Delta::paper, 6},
                                        Case{kClosed, Delta::file, 30}, Case{kClosed, Delta::file, 6},
                                        Case{kGradient, Delta::file, 30}, Case{kGradient, Delta::file, 6});

INSTANTIATE_TEST_SUITE_P(Unquantized, Theory, kFree);
INSTANTIATE_TEST_SUITE_P(POnAFixedGrid, Theory, kOnGrids);
INSTANTIATE_TEST_SUITE_P(All, FixedGrids, kOnGrids);
INSTANTIATE_TEST_SUITE_P(All, GradientSteps,
                         ::testing::Values(Case{kGradient, Delta::none, 30}, Case{kGradient, Delta::none, 6},
                                           Case{kGradient, Delta::paper, 30}, Case{kGradient, Delta::file, 6}));

TEST_P(Theory, UIsNuTimesQMinusFOfZ) {
  run_from_random_start(config_, GetParam().columns, 1, [&](LayerPipeline& pipeline, const auto& reference) {
    PhaseSeconds seconds;
    for (int k = 0; k < 20; ++k) {
      const Reference at = reference();
      for (const auto& l : at.layers) {
        for (size_t i = 0; i < l.u.size(); ++i)
          ASSERT_NEAR(l.u[i], at.nu * (l.q[i] - at.activation(l.z[i])), 1e-6) << "iteration " << k;
      }
      pipeline.iterate(seconds);
    }
  });
}

TEST_P(Theory, TheLagrangianNeverRises) {
  ASSERT_TRUE(check_theory(config_).holds);
  for (const uint64_t seed : {1, 2, 3}) {
    run_from_random_start(config_, GetParam().columns, seed, [&](LayerPipeline& pipeline, const auto& reference) {
      PhaseSeconds seconds;
      double before = reference().lagrangian();
      const double start = before;
      for (int k = 0; k < 300; ++k) {
        pipeline.iterate(seconds);
        const double after = reference().lagrangian();
        ASSERT_LE(after, before + 1e-6 * std::abs(before)) << "seed " << seed << ", iteration " << k;
        before = after;
      }
      EXPECT_LT(before, 0.7 * start) << "seed " << seed;
    });
  }
}

TEST_P(Theory, GradientAndResidualsVanish) {
  const bool on_grid = GetParam().delta != Delta::none;
  const AdmmConfig config = well_conditioned(config_);
  run_from_random_start(config, GetParam().columns, 1, [&](LayerPipeline& pipeline, const auto& reference) {
    // On a grid the gradient of p cannot vanish: see PIsAQuantizedStationaryPoint.
    const auto length = [&](const GradientNorms& g) { return on_grid ? g.all_but_p() : g.total(); };
    PhaseSeconds seconds;
    const GradientNorms first = reference().gradient();
    for (int k = 0; k < 2000; ++k) pipeline.iterate(seconds);
    const GradientNorms last = reference().gradient();
    EXPECT_LT(length(last), 2e-4 * length(first));
    EXPECT_LT(last.u, 1e-5 * first.u);
  });
}

TEST_P(Theory, SquaredStepsFallFasterThanOneOverK) {
  const AdmmConfig config = well_conditioned(config_);
  run_from_random_start(config, GetParam().columns, 1, [&](LayerPipeline& pipeline, const auto& reference) {
    PhaseSeconds seconds;
    double least = std::numeric_limits<double>::infinity(), at_10 = 0.0;
    Reference before = reference();
    for (int k = 1; k <= 500; ++k) {
      pipeline.iterate(seconds);
      Reference now = reference();
      least = std::min(least, now.squared_distance(before));
      before = std::move(now);
      if (k == 10) at_10 = k * least;
    }
    EXPECT_LT(500 * least, 2e-2 * at_10);
  });
}

TEST_P(FixedGrids, PBecomesAQuantizedStationaryPoint) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    run_from_random_start(config_, GetParam().columns, seed, [&](LayerPipeline& pipeline, const auto& reference) {
      PhaseSeconds seconds;
      for (int k = 0; k < 1000; ++k) pipeline.iterate(seconds);
      const Reference at = reference();
      for (size_t l = 1; l < at.layers.size(); ++l) {
        const double tau = testing::least_stationary_tau(at.layers[l].p, at.gradient_p(l), testing::levels_of(config_));
        // A large enough tau holds any p of the grid. Backtracking ends below twice the largest curvature, and with
        // that much the projected step must not move p.
        EXPECT_LE(tau, 2.0 * testing::largest_curvature_p(at.layers[l], at.nu, at.rho))
            << "seed " << seed << ", layer " << l;
      }
    });
  }
}

/// No theorem says so: rounding errors that shrink with the steps leave the run what it is without rounding.
TEST(DeltaGrid, GradientAndResidualsVanishAtOneBit) {
  for (const auto solver : {kClosed, kGradient}) {
    AdmmConfig config = well_conditioned(config_of({solver, Delta::none, 6}));
    config.quantize = Quantize::pq, config.grid = GridKind::delta, config.bits = 1;
    run_from_random_start(config, 6, 1, [&](LayerPipeline& pipeline, const auto& reference) {
      PhaseSeconds seconds;
      const GradientNorms first = reference().gradient();
      for (int k = 0; k < 2000; ++k) pipeline.iterate(seconds);
      const GradientNorms last = reference().gradient();
      EXPECT_LT(last.total(), 2e-4 * first.total());
      EXPECT_LT(last.u, 2e-4 * first.u);
    });
  }
}

TEST_P(GradientSteps, ConstantsStayBounded) {
  run_from_random_start(config_, GetParam().columns, 1, [&](LayerPipeline& pipeline, const auto&) {
    PhaseSeconds seconds;
    const auto squares = [](const Matrix& x) {
      double sum = 0.0;
      for (int64_t i = 0; i < x.size(); ++i) sum += static_cast<double>(x.data()[i]) * x.data()[i];
      return sum;
    };
    // Doubling stops below twice the curvature, which Frobenius norms bound; the first trial is rho (1 for theta).
    double w = 0.0, p = 0.0;
    for (int k = 0; k < 1000; ++k) {
      for (const LayerBlock& l : pipeline.blocks()) w = std::max(w, squares(l.w));
      pipeline.iterate(seconds);
      for (const LayerBlock& l : pipeline.blocks()) {
        p = std::max(p, squares(l.p));
        if (!l.first) {
          ASSERT_GT(l.work.tau, 0.01 * l.rho);
          ASSERT_LE(l.work.tau, 2.0 * (l.nu * w + l.rho));
        }
        ASSERT_GT(l.work.theta, 0.0f);
        ASSERT_LE(l.work.theta, std::max(1.0, 2.0 * (p + l.ridge)));
      }
    }
  });
}

// ---- single steps

TEST(FixedGrid, WhereRoundingTheExactPMovesNothingTheProjectedStepIsTried) {
  // One column of three neurons that one weight vector couples: the exact p rounds to the old one, 0, yet moving the
  // first neuron alone by a level is worth almost all of the subproblem.
  LayerBlock l = testing::random_layer(1, 3, 1, 0.0f, 1);
  l.nu = 1.0f, l.rho = 0.01f;
  const float weights[3] = {1.0f, 0.5f, 0.5f};
  std::copy_n(weights, 3, l.w.data());
  l.b(0, 0) = 0.0f, l.z(0, 0) = 0.98f;
  Matrix q(1, 3), u(1, 3);
  l.p.fill(0.0f), q.fill(0.49f), u.fill(0.0f);
  AdmmConfig config;
  config.quantize = Quantize::p, config.grid = GridKind::paper;
  const Grid grid(config, false);
  prepare_p(l);
  solve_p_on_grid(l, grid, q, u);
  EXPECT_EQ(l.p(0, 0), 1.0f);
  EXPECT_LT(p_objective(l, l.p, q, u), 0.01);
}

/// The steps' bound: with the constant that backtracking found, the value falls by at least half the squared gradient
/// over it, and half that constant would not have been enough or was the last one's half.
TEST(GradientStep, TauMajorisesAndIsAsSmallAsMayBe) {
  LayerBlock l = testing::random_layer(9, 7, 5, 1.0f, 3);
  const Matrix q = random_matrix(9, 7, 21), u = random_matrix(9, 7, 22);
  float tau = 0.0f;
  for (int k = 0; k < 30; ++k) {
    const double before = p_objective(l, l.p, q, u);
    const Matrix old = testing::copy_of(l.p);
    step_p(l, Grid(), q, u);
    double squares = 0.0, image = 0.0;
    for (int64_t i = 0; i < l.p.rows(); ++i) {
      std::vector<double> mapped(static_cast<size_t>(l.out), 0.0);
      for (int64_t a = 0; a < l.in; ++a) {
        const double step = static_cast<double>(l.p(i, a)) - old(i, a);
        squares += step * step;
        for (int64_t j = 0; j < l.out; ++j) mapped[j] += step * l.w(a, j);
      }
      for (const double m : mapped) image += m * m;
    }
    const double curvature = l.nu * image / squares + l.rho, now = l.work.tau;
    EXPECT_GE(now, curvature * (1.0 - 1e-4)) << "step " << k;
    EXPECT_LE(now, std::max({2.0 * curvature * (1.0 + 1e-4), tau / 2.0, static_cast<double>(l.rho)})) << "step " << k;
    // The squared gradient is tau^2 times the squared step.
    EXPECT_LE(p_objective(l, l.p, q, u), before - now * squares / 2.0 + 1e-5 * std::abs(before)) << "step " << k;
    tau = l.work.tau;
  }
}

TEST(GradientStep, ThetaMajorisesAndBIsTheMean) {
  LayerBlock l = testing::random_layer(9, 7, 5, 1.0f, 3);
  for (int k = 0; k < 30; ++k) {
    const double before = w_objective(l, l.w, l.b);
    const Matrix old = testing::copy_of(l.w);
    step_w(l);
    double squares = 0.0;
    for (int64_t i = 0; i < l.w.size(); ++i) squares += std::pow(static_cast<double>(l.w.data()[i]) - old.data()[i], 2);
    EXPECT_LE(w_objective(l, l.w, l.b), before - l.nu * l.work.theta * squares / 2.0 + 1e-5 * before) << "step " << k;
    for (int64_t j = 0; j < l.out; ++j) {
      double mean = 0.0;
      for (int64_t i = 0; i < l.columns(); ++i) {
        mean += l.z(i, j);
        for (int64_t a = 0; a < l.in; ++a) mean -= static_cast<double>(l.p(i, a)) * l.w(a, j);
      }
      ASSERT_NEAR(l.b(0, j), mean / static_cast<double>(l.columns()), 1e-5) << "step " << k;
    }
  }
}

TEST(LowRank, PIsTheMinimum) {
  LayerBlock l = testing::random_layer(2, 6, 6, 1.0f, 5);
  solve_w(l, false);
  ASSERT_TRUE(l.w_is_implied);
  const Matrix q = random_matrix(2, 6, 21), u = random_matrix(2, 6, 22);
  prepare_p(l);
  solve_p(l, q, u);
  form_w(l);
  const auto value = [&](const testing::Point& p) {
    double sum = 0.0;
    for (int64_t i = 0; i < 2; ++i) {
      for (int64_t j = 0; j < 6; ++j) {
        double at = l.b(0, j) - l.z(i, j);
        for (int64_t a = 0; a < 6; ++a) at += p[i * 6 + a] * l.w(a, j);
        sum += l.nu / 2.0 * at * at;
      }
    }
    for (size_t i = 0; i < p.size(); ++i) {
      sum += u.data()[i] * p[i] + l.rho / 2.0 * (p[i] - q.data()[i]) * (p[i] - q.data()[i]);
    }
    return sum;
  };
  const testing::Point least = testing::minimise(value, testing::Point(12, 0.0));
  for (size_t i = 0; i < least.size(); ++i) EXPECT_NEAR(l.p.data()[i], least[i], 2e-4);
}

TEST(LastZ, NeitherNewtonNorFistaRaisesTheSubproblem) {
  const int64_t rows = 40, classes = 6;
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < rows; ++i) labels.push_back(static_cast<int32_t>(i % classes));
  for (const auto solve : {solve_last_z, step_last_z}) {
    for (const float nu : {1e-5f, 1e-3f, 0.1f, 10.0f}) {
      const Matrix h = random_matrix(rows, classes, 4, 3.0);
      Matrix z = testing::copy_of(h);
      const auto value = [&](int64_t i) {
        double total = 0.0, apart = 0.0;
        for (int64_t c = 0; c < classes; ++c) {
          total += std::exp(static_cast<double>(z(i, c)));
          apart += std::pow(static_cast<double>(z(i, c)) - h(i, c), 2);
        }
        return std::log(total) - z(i, labels[i]) + nu / 2.0 * apart;
      };
      std::vector<double> before;
      for (int64_t i = 0; i < rows; ++i) before.push_back(value(i));
      for (int call = 0; call < 40; ++call) {
        solve(Risk::cross_entropy, h, labels.data(), nu, z);
        for (int64_t i = 0; i < rows; ++i) {
          const double after = value(i);
          ASSERT_LE(after, before[i] + 1e-6 * (1.0 + std::abs(before[i])))
              << (solve == solve_last_z ? "Newton" : "FISTA") << ", nu " << nu << ", call " << call << ", row " << i;
          before[i] = after;
        }
      }
    }
  }
}

TEST(Nonlinearity, ValuesAndSlopes) {
  for (const auto f : {Nonlinearity::relu, Nonlinearity::leaky_relu, Nonlinearity::tanh, Nonlinearity::sigmoid}) {
    Reference reference;
    reference.f = f;
    for (double x = -6.05; x < 6.0; x += 0.1) {
      const auto at = static_cast<float>(x);
      EXPECT_NEAR(activate(f, at), reference.activation(at), 1e-6) << x;
      const double slope = (reference.activation(at + 1e-5) - reference.activation(at - 1e-5)) / 2e-5;
      EXPECT_NEAR(activation_slope(f, at), slope, 1e-5) << x;
      EXPECT_LE(std::abs(slope), lipschitz_constant(f) + 1e-9);
    }
  }
}

}  // namespace
}  // namespace tersegraph
