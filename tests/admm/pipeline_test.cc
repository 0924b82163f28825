#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "admm/nonlinearity.h"
#include "admm/partition.h"
#include "admm/pipeline_runs.h"
#include "admm/w_update.h"
#include "base/error.h"
#include "base/parallel.h"

namespace tersegraph {
namespace {

using testing::Columns;
using testing::copy_of;
using testing::lagrangian;
using testing::random_matrix;
using testing::Trace;
using testing::trace_of;

AdmmConfig small_config() {
  AdmmConfig config;
  config.neurons = 16;
  config.stages = {2, 4, 6};
  config.iterations = {3, 3, 6};
  return config;
}

/// Runs `body` on one rank.
void alone(const std::function<void(Channel&)>& body) {
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    body(channel);
  });
}

TEST(LayerPipeline, UIsWhatTheTheorySaysAfterEachIteration) {
  const Columns columns;
  for (const auto solver : {AdmmSolver::closed, AdmmSolver::gradient}) {
    for (const auto f : {Nonlinearity::relu, Nonlinearity::leaky_relu, Nonlinearity::tanh, Nonlinearity::sigmoid}) {
      AdmmConfig config = small_config();
      config.solver = solver;
      config.nonlinearity = f;
      config.nu = config.rho = 0.1;
      const AdmmInput input = columns.input();
      alone([&](Channel& channel) {
        LayerPipeline pipeline(config, input, channel);
        pipeline.grow(5);
        PhaseSeconds seconds;
        for (int k = 0; k < 5; ++k) {
          pipeline.iterate(seconds);
          for (const LayerBlock& l : pipeline.blocks()) {
            for (int64_t i = 0; i < l.u.size(); ++i) {
              ASSERT_NEAR(l.u.data()[i], config.nu * (l.q.data()[i] - activate(f, l.z.data()[i])), 1e-5);
            }
          }
        }
      });
    }
  }
}

TEST(LayerPipeline, AboveTheTheorysBoundTheLagrangianNeverRises) {
  const Columns columns;
  for (const auto solver : {AdmmSolver::closed, AdmmSolver::gradient}) {
    for (const bool quantized : {false, true}) {
      AdmmConfig config = small_config();
      config.solver = solver;
      config.nu = 0.01, config.rho = 0.05, config.init_scale = 1.0;
      if (quantized) config.quantize = Quantize::p, config.grid = GridKind::code;
      ASSERT_TRUE(check_theory(config).holds);
      const AdmmInput input = columns.input();
      alone([&](Channel& channel) {
        LayerPipeline pipeline(config, input, channel);
        pipeline.grow(4);
        PhaseSeconds seconds;
        pipeline.iterate(seconds);  // from here on u is what the theory says
        double before = lagrangian(pipeline, config.rho);
        for (int k = 0; k < 60; ++k) {
          pipeline.iterate(seconds);
          const double after = lagrangian(pipeline, config.rho);
          ASSERT_LE(after, before + 2e-5 * std::abs(before)) << "iteration " << k << (quantized ? ", p on a grid" : "");
          before = after;
        }
      });
    }
  }
}

TEST(LayerPipeline, ResidualsVanishFromRandomStarts) {
  const Columns columns;
  for (const uint64_t seed : {1, 2, 3}) {
    AdmmConfig config = small_config();
    config.seed = seed;
    config.nu = 0.01, config.rho = 0.05, config.init_scale = 1.0;
    const AdmmInput input = columns.input();
    alone([&](Channel& channel) {
      LayerPipeline pipeline(config, input, channel);
      pipeline.grow(4);
      PhaseSeconds seconds;
      double highest = 0.0, last = 0.0;
      for (int k = 0; k < 1500; ++k) {
        pipeline.iterate(seconds);
        if (k % 100 != 0 && k != 1499 && k > 10) continue;
        last = 0.0;
        for (const double r : sum_terms(pipeline.terms(), config.rho).residuals) last = std::max(last, r);
        highest = std::max(highest, last);
      }
      EXPECT_LT(last, 0.01 * highest) << "seed " << seed;
    });
  }
}

struct Mode {
  const char* name;
  AdmmSolver solver;
  Quantize quantize;
  GridKind grid;
};
void PrintTo(const Mode& mode, std::ostream* out) {
  *out << mode.name;
}

class Modes : public ::testing::TestWithParam<Mode> {};
INSTANTIATE_TEST_SUITE_P(
    All, Modes,
    ::testing::Values(Mode{"closed fp32", AdmmSolver::closed, Quantize::none, GridKind::affine},
                      Mode{"closed pq affine", AdmmSolver::closed, Quantize::pq, GridKind::affine},
                      Mode{"closed pq delta", AdmmSolver::closed, Quantize::pq, GridKind::delta},
                      Mode{"closed p code", AdmmSolver::closed, Quantize::p, GridKind::code},
                      Mode{"gradient fp32", AdmmSolver::gradient, Quantize::none, GridKind::affine},
                      Mode{"gradient pq paper", AdmmSolver::gradient, Quantize::pq, GridKind::paper}));

TEST_P(Modes, TheSameBitsForAnyRanksAndThreads) {
  AdmmConfig config = small_config();
  config.solver = GetParam().solver;
  config.quantize = GetParam().quantize;
  config.grid = GetParam().grid;
  config.init_scale = 0.5;
  // Few columns: W is implied by them. Many: it is formed.
  for (const int64_t count : {5, 150}) {
    const Columns columns(count);
    const Trace one = trace_of(config, columns, 1, 1);
    EXPECT_EQ(one.p + one.q, 0);
    for (const auto& [ranks, threads] : {std::pair{1, 2}, {2, 1}, {3, 1}, {4, 2}, {6, 1}, {8, 1}}) {
      const Trace other = trace_of(config, columns, ranks, 1, threads);
      EXPECT_EQ(one.lagrangians, other.lagrangians) << ranks << " ranks, " << threads << " threads";
      EXPECT_EQ(one.weights, other.weights) << ranks << " ranks, " << threads << " threads";
    }
  }
}

TEST(LayerPipeline, TheLedgerHoldsWhatArithmeticSays) {
  AdmmConfig config = small_config();
  config.quantize = Quantize::pq;
  config.bits = 4;
  const Columns columns(40);
  const Trace trace = trace_of(config, columns, 6, 1);
  // A message: 40 columns x 16 neurons in half bytes, 8 bytes a neuron, and the seal. Each stage starts with one p a
  // link.
  const int64_t message = 40 * 16 / 2 + 8 * 16 + kSealBytes;
  const int64_t iterations = 3 * 1 + 3 * 3 + 6 * 5, links = 1 + 3 + 5;
  EXPECT_EQ(trace.p, (iterations + links) * message);
  EXPECT_EQ(trace.q, iterations * message);
}

TEST(LayerPipeline, GrowthPreservesTheFunction) {
  const Columns columns;
  const AdmmConfig config = small_config();
  const AdmmInput input = columns.input();
  for (const int ranks : {1, 3}) {
    run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      LayerPipeline pipeline(config, input, channel);
      PhaseSeconds seconds;
      pipeline.grow(2);
      for (int k = 0; k < 4; ++k) pipeline.iterate(seconds);
      Mlp before, after;
      pipeline.gather_weights(before);
      pipeline.grow(7);
      pipeline.gather_weights(after);
      if (channel.rank() != 0) return;
      ASSERT_EQ(after.layers(), 7);
      MlpWorkspace workspace[2];
      const Matrix unseen = random_matrix(25, 12, 9);
      const ConstMatrixView a = forward(before, unseen, workspace[0]), b = forward(after, unseen, workspace[1]);
      for (int64_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a.data[i], b.data[i], 1e-6);
    });
  }
}

TEST(BalanceLayers, EveryRankHasALayerAndTheDearestIsCheap) {
  EXPECT_EQ(balance_layers({1, 1, 1, 1}, 2), (std::vector<int>{0, 2, 4}));
  EXPECT_EQ(balance_layers({3, 1, 1, 1}, 2), (std::vector<int>{0, 1, 4}));
  EXPECT_EQ(balance_layers({1, 1, 1, 5}, 3), (std::vector<int>{0, 1, 3, 4}));
  EXPECT_EQ(balance_layers({1, 1}, 4), (std::vector<int>{0, 1, 2, 2, 2}));
}

TEST(AdmmConfig, WordsThatCannotBeTrainedWith) {
  const auto fails = [](auto&& change) {
    AdmmConfig config;
    change(config);
    EXPECT_THROW(validate(config), InputError);
  };
  validate(AdmmConfig{});
  fails([](AdmmConfig& c) { c.rho = 0.0; });
  fails([](AdmmConfig& c) { c.nu = NAN; });
  fails([](AdmmConfig& c) { c.stages = {}; });
  fails([](AdmmConfig& c) { c.stages = {1, 2, 3}; });
  fails([](AdmmConfig& c) { c.stages = {5, 2, 10}; });
  fails([](AdmmConfig& c) { c.iterations = {1}; });
  fails([](AdmmConfig& c) { c.neurons = 0; });
  fails([](AdmmConfig& c) { c.quantize = Quantize::p, c.bits = 9; });
  fails([](AdmmConfig& c) { c.quantize = Quantize::p, c.grid = GridKind::file, c.grid_levels = {1.0f, 1.0f}; });
}

TEST(CheckTheory, SaysTheBound) {
  AdmmConfig config;
  EXPECT_FALSE(check_theory(config).holds);  // rho = nu
  EXPECT_NEAR(check_theory(config).least_rho, 4.0 * config.nu, 1e-12);
  config.rho = 4.1 * config.nu;
  EXPECT_TRUE(check_theory(config).holds);
  config.nonlinearity = Nonlinearity::sigmoid;
  EXPECT_NEAR(check_theory(config).least_rho, (std::sqrt(17.0) + 1.0) / 2.0 * config.nu, 1e-12);
}

}  // namespace
}  // namespace tersegraph
