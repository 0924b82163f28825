// What the theory of pdADMM-G and pdADMM-G-Q speaks of, as it is seen on small problems from random starts: markdown
// tables. Values and gradients are those of the tests' fp64 reference, at the solver's fp32 iterates.
//   admm_theory [iterations]
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "admm/reference_lagrangian.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

using testing::Reference;

struct Mode {
  std::string name;
  AdmmSolver solver;
  Quantize quantize;
  GridKind grid;
  int bits = 4;
};

AdmmConfig config_of(const Mode& mode, int64_t columns) {
  AdmmConfig config;
  config.neurons = columns < 10 ? 20 : 8;
  config.nu = 0.1, config.rho = 0.45;
  config.solver = mode.solver, config.quantize = mode.quantize, config.grid = mode.grid, config.bits = mode.bits;
  config.grid_levels = {-3.0f, -1.5f, -0.8f, -0.4f, -0.2f, 0.0f, 0.1f, 0.2f,
                        0.35f, 0.5f,  0.75f, 1.0f,  1.5f,  2.0f, 3.0f, 5.0f};
  return config;
}

/// The largest of the step constants that backtracking has found, of all layers.
struct StepConstants {
  double tau = 0.0, theta = 0.0;
  void add(LayerPipeline& pipeline) {
    for (const LayerBlock& l : pipeline.blocks()) {
      tau = std::max(tau, static_cast<double>(l.work.tau));
      theta = std::max(theta, static_cast<double>(l.work.theta));
    }
  }
};

/// The least tau that makes p a quantized stationary point, over the largest curvature of its subproblem; the worst
/// layer. `objective`: by the gradient of F, without multipliers and rho.
double stationarity(const Reference& at, const AdmmConfig& config, bool objective) {
  double worst = 0.0;
  for (size_t k = 1; k < at.layers.size(); ++k) {
    const auto g = objective ? at.objective_gradient_p(k) : at.gradient_p(k);
    worst = std::max(worst, testing::least_stationary_tau(at.layers[k].p, g, testing::levels_of(config)) /
                                testing::largest_curvature_p(at.layers[k], at.nu, at.rho));
  }
  return worst;
}

void table_of(const Mode& mode, int64_t columns, int iterations) {
  const AdmmConfig config = config_of(mode, columns);
  Random random(7, Purpose::generator);
  Matrix x(columns, 6);
  for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.normal());
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < columns; ++i) labels.push_back(static_cast<int32_t>(i % 3));
  const AdmmInput input{x, labels.data(), columns, x.cols(), 3};
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    LayerPipeline pipeline(config, input, channel);
    pipeline.grow(4);
    testing::start_at_random(pipeline, Grid(config, false), 1);
    PhaseSeconds seconds;
    pipeline.iterate(seconds);
    fmt::print("\n{}, {} columns, 4 x {}\n\n", mode.name, columns, config.neurons);
    fmt::print("| k | L_rho | \\|dL_rho\\| | but for p | residual | c_k | k c_k | largest tau | theta |\n");
    fmt::print("|-|-|-|-|-|-|-|-|-|\n");
    const bool fixed = Grid(config, false).fixed() && config.quantize == Quantize::p;
    Reference before(pipeline, config, labels.data());
    double value = before.lagrangian(), highest_rise = 0.0, c = std::numeric_limits<double>::infinity();
    int rises = 0, next = 1;
    StepConstants constants;
    for (int k = 1; k <= iterations; ++k) {
      pipeline.iterate(seconds);
      constants.add(pipeline);
      Reference now(pipeline, config, labels.data());
      const double then = now.lagrangian(), rise = (then - value) / std::abs(value);
      rises += rise > 1e-6;
      highest_rise = std::max(highest_rise, rise);
      c = std::min(c, now.squared_distance(before));
      if (k == next || k == iterations) {
        const auto g = now.gradient();
        fmt::print("| {} | {:.6f} | {:.2e} | {:.2e} | {:.2e} | {:.2e} | {:.2e} | {:.2f} | {:.1f} |\n", k, then,
                   g.total(), g.all_but_p(), g.u, c, k * c, constants.tau, constants.theta);
        if (k == next) next *= 10;
      }
      value = then;
      before = std::move(now);
    }
    fmt::print("\nRises of more than 1e-6 L_rho: {} of {}; the highest: {:.1e} L_rho.", rises, iterations,
               highest_rise);
    if (fixed) {
      fmt::print(
          " Least tau by which p is quantized stationary, over its largest curvature: {:.3f} (gradient of L_rho), "
          "{:.3f} (of F).",
          stationarity(before, config, false), stationarity(before, config, true));
    }
    fmt::print("\n");
  });
}

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  using namespace tersegraph;
  const int iterations = argc > 1 ? std::stoi(argv[1]) : 3000;
  for (const auto solver : {AdmmSolver::closed, AdmmSolver::gradient}) {
    const std::string by = solver == AdmmSolver::closed ? "closed, " : "gradient, ";
    for (const int64_t columns : {30, 6}) {
      for (const Mode& mode : {Mode{by + "fp32", solver, Quantize::none, GridKind::affine},
                               Mode{by + "p in {-1, ..., 20}", solver, Quantize::p, GridKind::paper},
                               Mode{by + "p in 16 uneven levels", solver, Quantize::p, GridKind::file},
                               Mode{by + "p affine, 4 bits", solver, Quantize::p, GridKind::affine},
                               Mode{by + "p and q affine, 4 bits", solver, Quantize::pq, GridKind::affine},
                               Mode{by + "p and q affine, 8 bits", solver, Quantize::pq, GridKind::affine, 8},
                               Mode{by + "p and q delta, 4 bits", solver, Quantize::pq, GridKind::delta},
                               Mode{by + "p and q delta, 2 bits", solver, Quantize::pq, GridKind::delta, 2},
                               Mode{by + "p and q delta, 1 bit", solver, Quantize::pq, GridKind::delta, 1},
                               Mode{by + "p and q in {-1, ..., 20}", solver, Quantize::pq, GridKind::paper},
                               Mode{by + "p and q, 1000 levels", solver, Quantize::pq, GridKind::code}}) {
        table_of(mode, columns, iterations);
      }
    }
  }
  return 0;
}
