// Training columns cut over ranks: the iterates of one rank, up to the order of sums.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <mutex>

#include "admm/pipeline_runs.h"
#include "comm/collectives.h"
#include "reference/bytes_in_use.h"

namespace tersegraph {
namespace {

using testing::Columns;
using testing::on_axes;
using testing::Trace;
using testing::trace_of;

/// Goes on from `state`, of `layers` layers, or where there is none from the start.
SavedState iterated(const AdmmConfig& config, const Columns& columns, int layer_ranks, int node_ranks,
                    const SavedState* state, int layers, int iterations) {
  SavedState after;
  on_axes(config, columns, layer_ranks, node_ranks, 1, [&](LayerPipeline& pipeline, Channel& channel) {
    PhaseSeconds seconds;
    if (state != nullptr) {
      pipeline.load(*state, layers);
    } else {
      pipeline.grow(layers);
    }
    for (int k = 0; k < iterations; ++k) pipeline.iterate(seconds);
    SavedState mine;
    pipeline.save(mine);
    if (channel.rank() == 0) after = std::move(mine);
  });
  return after;
}

/// ||a - b|| / ||b||.
double apart(std::span<const float> a, std::span<const float> b) {
  double difference = 0.0, size = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    size += static_cast<double>(b[i]) * b[i];
  }
  return std::sqrt(difference / size);
}

/// A saved layer's, as one rank saves them.
struct Variables {
  Variables(const SavedState& state, int layer, int layers, int64_t columns) {
    const bool first = layer == 0, last = layer + 1 == layers;
    const int64_t in = first ? 12 : 16, out = last ? 3 : 16;
    ByteReader bytes = state.reader(fmt::format("layers/{:04}", layer));
    bytes.skip(9);  // a flag and two steps
    const auto read = [&](std::vector<float>& values, int64_t count) {
      values.resize(static_cast<size_t>(count));
      bytes.read(values.data(), count);
    };
    read(weights_and_z, (in + 1) * out + columns * out);
    if (!first) read(p, columns * in);
    if (!last) read(q_and_u, 2 * columns * out);
  }

  std::vector<float> weights_and_z, p, q_and_u;
};

size_t differing(const std::vector<float>& a, const std::vector<float>& b) {
  size_t count = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    if (!(std::abs(a[i] - b[i]) <= 1e-4 * (0.3 + std::abs(b[i])))) ++count;
  }
  return count;
}

/// What may round otherwise: 2 values, or 1 in 100; bfloat16 and the code's grid have the closest levels.
size_t some(const AdmmConfig& config, const std::vector<float>& values) {
  return config.quantize == Quantize::none ? 0 : 2 + values.size() / 100;
}

struct Mode {
  const char* name;
  AdmmSolver solver;
  Quantize quantize = Quantize::none;
  GridKind grid = GridKind::affine;
  int bits = 4;
};
void PrintTo(const Mode& mode, std::ostream* out) {
  *out << mode.name;
}

AdmmConfig config_of(const Mode& mode) {
  AdmmConfig config;
  config.neurons = 16;
  config.stages = {2, 4};
  config.iterations = {3, 3};
  config.init_scale = 0.5;
  config.solver = mode.solver;
  config.quantize = mode.quantize;
  config.grid = mode.grid;
  config.bits = mode.bits;
  config.grid_levels = {-1.0f, -0.25f, 0.0f, 0.1f, 0.3f, 0.75f, 1.5f};
  return config;
}

constexpr std::pair<int, int> kAxes[] = {{1, 2}, {2, 2}, {1, 3}, {3, 2}};

class WholeRuns : public ::testing::TestWithParam<Mode> {};
INSTANTIATE_TEST_SUITE_P(
    All, WholeRuns,
    ::testing::Values(Mode{"closed", AdmmSolver::closed}, Mode{"gradient", AdmmSolver::gradient},
                      Mode{"gradient p affine", AdmmSolver::gradient, Quantize::p, GridKind::affine},
                      Mode{"gradient pq delta", AdmmSolver::gradient, Quantize::pq, GridKind::delta},
                      Mode{"gradient pq code", AdmmSolver::gradient, Quantize::pq, GridKind::code},
                      Mode{"gradient pq paper", AdmmSolver::gradient, Quantize::pq, GridKind::paper},
                      Mode{"gradient pq file", AdmmSolver::gradient, Quantize::pq, GridKind::file}));

TEST_P(WholeRuns, GoTheWayOfOneRank) {
  const AdmmConfig config = config_of(GetParam());
  // Few columns, of which one rank solves the dual problem; some; and more than a block of the grid.
  for (const int64_t count : {5, 40, 1100}) {
    const Columns columns(count);
    const Trace one = trace_of(config, columns, 1, 1);
    for (const auto& [layers, nodes] : kAxes) {
      SCOPED_TRACE(fmt::format("{} columns, {} x {}", count, layers, nodes));
      const Trace other = trace_of(config, columns, layers, nodes);
      ASSERT_EQ(other.lagrangians.size(), one.lagrangians.size());
      for (size_t k = 0; k < one.lagrangians.size(); ++k) {
        EXPECT_NEAR(other.lagrangians[k], one.lagrangians[k], 1e-4 * std::abs(one.lagrangians[k])) << k;
      }
      EXPECT_LT(apart(other.weights, one.weights), 1e-4);
    }
  }
}

class OneIteration : public ::testing::TestWithParam<Mode> {};
INSTANTIATE_TEST_SUITE_P(All, OneIteration,
                         ::testing::Values(Mode{"fp32", AdmmSolver::closed},
                                           Mode{"p affine", AdmmSolver::closed, Quantize::p, GridKind::affine},
                                           Mode{"pq affine", AdmmSolver::closed, Quantize::pq, GridKind::affine},
                                           Mode{"pq bf16", AdmmSolver::closed, Quantize::pq, GridKind::affine, 16},
                                           Mode{"p delta", AdmmSolver::closed, Quantize::p, GridKind::delta},
                                           Mode{"pq delta", AdmmSolver::closed, Quantize::pq, GridKind::delta},
                                           Mode{"p code", AdmmSolver::closed, Quantize::p, GridKind::code},
                                           Mode{"pq code", AdmmSolver::closed, Quantize::pq, GridKind::code},
                                           Mode{"pq paper", AdmmSolver::closed, Quantize::pq, GridKind::paper},
                                           Mode{"pq file", AdmmSolver::closed, Quantize::pq, GridKind::file}));

/// Exact solutions on a grid: a sum that differs in its last bits may round to the next level, and a rounding that
/// differs goes on into all that follows. So one iteration, from one state, in which the values that round otherwise
/// are counted.
TEST_P(OneIteration, IsThatOfOneRank) {
  const AdmmConfig config = config_of(GetParam());
  constexpr int kLayers = 4;
  for (const int64_t count : {5, 40, 1100}) {
    const Columns columns(count);
    const SavedState start = iterated(config, columns, 1, 1, nullptr, kLayers, 3);
    const SavedState one = iterated(config, columns, 1, 1, &start, kLayers, 1);
    for (const auto& [layers, nodes] : kAxes) {
      SCOPED_TRACE(fmt::format("{} columns, {} x {}", count, layers, nodes));
      const SavedState other = iterated(config, columns, layers, nodes, &start, kLayers, 1);
      for (int layer = 0; layer < kLayers; ++layer) {
        SCOPED_TRACE(fmt::format("layer {}", layer));
        const Variables a(other, layer, kLayers, count), b(one, layer, kLayers, count);
        const size_t rounded_otherwise = differing(a.p, b.p);
        EXPECT_LE(rounded_otherwise, some(config, b.p));
        if (rounded_otherwise > 0) continue;  // W and z follow from p
        EXPECT_EQ(differing(a.weights_and_z, b.weights_and_z), 0u);
        EXPECT_LE(differing(a.q_and_u, b.q_and_u), some(config, b.q_and_u));
      }
    }
  }
}

TEST(NodeRanks, SaveWhatOneRankWouldAndTakeItUpAgain) {
  const AdmmConfig config = config_of({"", AdmmSolver::closed, Quantize::pq, GridKind::delta});
  const Columns columns(41);
  const SavedState start = iterated(config, columns, 1, 1, nullptr, 4, 3);
  for (const auto& [layers, nodes] : kAxes) {
    const SavedState here = iterated(config, columns, layers, nodes, &start, 4, 0);
    EXPECT_EQ(here.parts(), start.parts()) << layers << " x " << nodes;
    // Twice two iterations are four, bit for bit.
    const SavedState half = iterated(config, columns, layers, nodes, &start, 4, 2);
    EXPECT_EQ(iterated(config, columns, layers, nodes, &half, 4, 2).parts(),
              iterated(config, columns, layers, nodes, &start, 4, 4).parts());
  }
}

TEST(NodeRanks, ASteadyIterationAllocatesNothing) {
  if (reference::bytes_in_use() == 0) GTEST_SKIP() << "this allocator does not count (a sanitizer's?)";
  for (const AdmmSolver solver : {AdmmSolver::closed, AdmmSolver::gradient}) {
    const AdmmConfig config = config_of({"", solver, Quantize::pq, GridKind::delta});
    const Columns columns(1100);
    std::vector<int64_t> in_use;
    on_axes(config, columns, 2, 2, 1, [&](LayerPipeline& pipeline, Channel& channel) {
      PhaseSeconds seconds;
      pipeline.grow(4);
      for (int k = 0; k < 6; ++k) {
        pipeline.iterate(seconds);
        pipeline.settle();
        barrier(channel);
        if (channel.rank() == 0) in_use.push_back(reference::bytes_in_use());
        barrier(channel);
      }
    });
    EXPECT_LE(in_use[5], in_use[2] + 1000);
  }
}

TEST(NodeRanks, SendWhatArithmeticSays) {
  AdmmConfig config = config_of({"", AdmmSolver::closed, Quantize::pq, GridKind::affine});
  const Columns columns(41);
  std::mutex mutex;
  int64_t p = 0, q = 0, sums = 0;
  on_axes(config, columns, 2, 2, 1, [&](LayerPipeline& pipeline, Channel& channel) {
    PhaseSeconds seconds;
    pipeline.grow(2);
    const Ledger before = channel.ledger();
    pipeline.iterate(seconds);
    pipeline.iterate(seconds);
    pipeline.settle();
    const auto sent = [&](Traffic kind) { return channel.ledger().bytes(kind) - before.bytes(kind); };
    const std::lock_guard lock(mutex);
    p += sent(Traffic::p), q += sent(Traffic::q), sums += sent(Traffic::all_reduce);
    // 20 and 21 columns of 16 neurons in half bytes, 8 bytes a neuron and the seal.
    EXPECT_EQ(pipeline.link_bytes(), 2 * ((10 + 11) * 16 + 2 * (8 * 16 + kSealBytes)));
  });
  EXPECT_EQ(p, 2 * ((10 + 11) * 16 + 2 * (8 * 16 + kSealBytes)));
  EXPECT_EQ(q, p);
  // Of the first layer the mean and the Gram matrix of X (the triangle of 12 rows) once; in each iteration the mean of
  // z in fp64 and p^T z, of the last layer its mean of p and its Gram matrix too, and the extremes of p's and q's
  // grids.
  const auto message = [](int64_t bytes) { return bytes + kSealBytes; };
  const int64_t once = message(12 * 8) + message(78 * 4);
  const int64_t first = message(16 * 8) + message(12 * 16 * 4), grids = 2 * message(2 * 16 * 4);
  const int64_t last = message(16 * 8) + message(136 * 4) + message(3 * 8) + message(16 * 3 * 4);
  EXPECT_EQ(sums, 2 * (once + 2 * (first + last + grids)));
}

}  // namespace
}  // namespace tersegraph
