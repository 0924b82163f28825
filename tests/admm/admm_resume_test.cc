// ADMM that was interrupted after any iteration and goes on, on any ranks, against one that was not: the same bits.
#include <gtest/gtest.h>

#include <cmath>

#include "admm/admm_trainer.h"
#include "train/interrupted.h"

namespace tersegraph {
namespace {

using testing::expect_same;
using testing::interrupted;
using testing::Outcome;

/// Three communities; `train` of the 200 nodes are for training.
Dataset communities(int64_t train) {
  Dataset dataset = load_dataset("sbm:nodes=200,edges=2000,features=6,classes=3,seed=4");
  Split split;
  for (int64_t node = 0; node < 200; ++node) {
    (node < train ? split.train : node < train + 60 ? split.val : split.test).push_back(node);
  }
  dataset.splits = {split};
  return dataset;
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

class AdmmResume : public ::testing::TestWithParam<Mode> {};
INSTANTIATE_TEST_SUITE_P(
    All, AdmmResume,
    ::testing::Values(Mode{"closed fp32", AdmmSolver::closed, Quantize::none, GridKind::affine},
                      Mode{"closed pq delta", AdmmSolver::closed, Quantize::pq, GridKind::delta},
                      Mode{"closed p code", AdmmSolver::closed, Quantize::p, GridKind::code},
                      Mode{"gradient fp32", AdmmSolver::gradient, Quantize::none, GridKind::affine},
                      Mode{"gradient pq paper", AdmmSolver::gradient, Quantize::pq, GridKind::paper}));

/// Few columns: X is reduced and hidden weights are implied. Many: neither.
TEST_P(AdmmResume, IsTheSameBitsOnAnyRanks) {
  AdmmTrainerConfig config;
  config.admm.neurons = 24;
  config.admm.stages = {2, 4, 6};
  config.admm.iterations = {4, 3, 5};
  config.admm.solver = GetParam().solver;
  config.admm.quantize = GetParam().quantize;
  config.admm.grid = GetParam().grid;
  for (const int64_t columns : {7, 90}) {
    const Dataset dataset = communities(columns);
    const Csr matrix = aggregation_operator(dataset.graph, Normalisation::symmetric);
    const auto make = [&](Channel& channel) -> std::unique_ptr<Trainer> {
      const Partition parts = make_partition(dataset.graph, channel.size(), PartitionMethod::block, 1);
      return std::make_unique<AdmmTrainer>(dataset, matrix, dataset.splits[0], parts, config, channel);
    };
    for (const int ranks : {1, 3}) {
      const Outcome whole = interrupted(ranks, {}, make);
      for (const int64_t epoch : {1, 4, 6, 7, 11}) {
        SCOPED_TRACE(fmt::format("{} columns, {} ranks, after iteration {}", columns, ranks, epoch));
        expect_same(interrupted(ranks, {.after = epoch, .stopped = epoch % 2 == 0}, make), whole);
        expect_same(interrupted(ranks, {.after = epoch, .stopped = true, .resumed_ranks = 4 - ranks}, make), whole,
                    false);
      }
    }
  }
}

/// Training nodes cut over ranks: with the same axes the same bits, with others the same numbers up to the order of
/// sums.
TEST(AdmmResume, OnTwoAxes) {
  const Dataset dataset = communities(91);
  const Csr matrix = aggregation_operator(dataset.graph, Normalisation::symmetric);
  for (const Quantize quantize : {Quantize::none, Quantize::pq}) {
    AdmmTrainerConfig config;
    config.admm.neurons = 24;
    config.admm.stages = {2, 4, 6};
    config.admm.iterations = {4, 3, 5};
    config.admm.quantize = quantize;
    const auto on = [&](int layers, int nodes) {
      return [&, layers, nodes](Channel& channel) -> std::unique_ptr<Trainer> {
        // Interruptions go on with other ranks, whose axes are then these.
        AdmmTrainerConfig mine = config;
        mine.node_ranks = channel.size() == layers * nodes ? nodes : channel.size();
        const Partition parts = make_partition(dataset.graph, channel.size(), PartitionMethod::block, 1);
        return std::make_unique<AdmmTrainer>(dataset, matrix, dataset.splits[0], parts, mine, channel);
      };
    };
    for (const auto& [layers, nodes] : {std::pair{1, 2}, {2, 2}, {1, 3}}) {
      const int ranks = layers * nodes;
      const Outcome whole = interrupted(ranks, {}, on(layers, nodes));
      for (const int64_t epoch : {1, 4, 6, 11}) {
        SCOPED_TRACE(fmt::format("{} x {}, after iteration {}", layers, nodes, epoch));
        // The first layer's Gram matrix, which does not change, is summed once more.
        expect_same(interrupted(ranks, {.after = epoch, .stopped = epoch % 2 == 0}, on(layers, nodes)), whole, false);
        if (quantize != Quantize::none) continue;
        for (const int others : {1, 5}) {
          const Outcome other =
              interrupted(ranks, {.after = epoch, .stopped = true, .resumed_ranks = others}, on(layers, nodes));
          ASSERT_EQ(other.epochs.size(), whole.epochs.size());
          for (size_t k = 0; k < whole.epochs.size(); ++k) {
            const double lagrangian = *whole.epochs[k].lagrangian;
            EXPECT_NEAR(*other.epochs[k].lagrangian, lagrangian, 1e-4 * std::abs(lagrangian)) << k;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace tersegraph
