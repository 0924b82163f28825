#include "plan/pipeline_simulation.h"

#include <gtest/gtest.h>

#include "admm/admm_trainer.h"
#include "admm/partition.h"
#include "data/split.h"
#include "plan/layer_plan.h"
#include "plan/some_rates.h"
#include "train/training.h"

namespace tersegraph {
namespace {

TEST(Pipeline, OneRankOnlyComputes) {
  const SimulatedPipeline alone = simulate_pipeline(std::vector{PipelineRank{1, 2, 4, 8}}, 1e9, 1e9, {1, 1});
  EXPECT_DOUBLE_EQ(alone.iteration, 15);
  EXPECT_DOUBLE_EQ(alone.waiting[0], 0);
}

TEST(Pipeline, BalancedRanksOverFreeLinksTakeWhatOneTakes) {
  for (const int ranks : {2, 8, 1000}) {
    const std::vector<PipelineRank> even(ranks, {1, 2, 3, 0.5});
    EXPECT_NEAR(simulate_pipeline(even, 1e6, 1e6, {}).iteration, 6.5, 1e-9) << ranks;
  }
}

TEST(Pipeline, TheDearestRankDecides) {
  std::vector<PipelineRank> ranks(4, {1, 1, 1, 1});
  ranks[2].weights = 7;
  EXPECT_NEAR(simulate_pipeline(ranks, 1e6, 1e6, {}).iteration, 10, 1e-9);
}

/// Work hides each message up to its own length: p behind W, q behind the next p's preparation.
TEST(Pipeline, MessagesHideBehindWhatNeedsThemLater) {
  const std::vector<PipelineRank> ranks(2, {2, 1, 3, 1});
  EXPECT_NEAR(simulate_pipeline(ranks, 3, 2, {1, 0}).iteration, 7, 1e-9);
}

/// Two ranks over a slow link: p down, q and u below, q up, p above, and again.
TEST(Pipeline, SlowLinksMakeARoundTrip) {
  const std::vector<PipelineRank> ranks(2, {2, 1, 3, 0.5});
  EXPECT_NEAR(simulate_pipeline(ranks, 50, 70, {1, 0.25}).iteration, 1 + 50.25 + 0.5 + 70.25, 1e-9);
}

TEST(LayerPlan, CountsWhatTrainingSends) {
  const Dataset& dataset = testing::graph_of_600();
  const Csr matrix = aggregation_operator(dataset.graph, Normalisation::symmetric);
  for (const Quantize quantize : {Quantize::none, Quantize::pq}) {
    for (const int ranks : {1, 2, 4}) {
      AdmmTrainerConfig config;
      config.admm.neurons = 20;
      config.admm.stages = {2, 5};
      config.admm.iterations = {3, 2};
      config.admm.quantize = quantize;
      config.admm.grid = GridKind::delta;
      config.admm.eval_every = 0;
      const auto columns = static_cast<int64_t>(dataset.splits.at(0).train.size());
      TrainResult result;
      run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
        Channel channel(communicator);
        const Partition partition = make_partition(dataset.graph, ranks, PartitionMethod::metis_cut, 1);
        AdmmTrainer trainer(dataset, matrix, dataset.splits.at(0), partition, config, channel);
        testing::Recorder recorder;
        TrainResult mine = trainer.train(recorder);
        if (channel.rank() == 0) result = std::move(mine);
      });
      const LayerTraffic traffic = layer_traffic(config.admm, {columns, 96, dataset.labels.outputs, ranks});
      for (const Traffic kind : {Traffic::p, Traffic::q, Traffic::all_reduce}) {
        EXPECT_EQ(traffic.run[static_cast<int>(kind)], result.bytes[std::string(traffic_name(kind))])
            << traffic_name(kind) << ", " << ranks << " ranks";
      }
    }
  }
}

TEST(LayerPlan, FasterThanOneRankByWhatTheLayersAllow) {
  AdmmConfig config;
  config.neurons = 512;
  config.stages = {32};
  const LayerSizes one{4096, 512, 16, 1};
  LayerSizes eight = one;
  eight.ranks = 8;
  Rates rates = testing::some_rates();
  rates.numbers["admm.last"] *= 4500;  // what LayerCost takes it for
  const double alone = layer_seconds(config, one, {}, rates).iteration;
  const LayerSeconds shared = layer_seconds(config, eight, {}, rates);
  EXPECT_NEAR(shared.iteration, shared.balanced, 1e-9 * shared.balanced);
  EXPECT_GT(alone / shared.iteration, 7);
  EXPECT_LE(alone / shared.iteration, 8);
}

// The rates are of two cores that are worth two.
TEST(LayerPlan, RanksOfOneProcessShareItsCores) {
  AdmmConfig config;
  config.neurons = 512;
  config.stages = {16};
  const LayerSizes one{4096, 512, 512, 1};
  const Rates rates = testing::some_rates();
  const double alone = layer_seconds(config, one, {}, rates).iteration;
  for (const int ranks : {2, 4, 8}) {
    LayerSizes sizes = one;
    sizes.ranks = ranks;
    const double threads = layer_seconds(config, sizes, {.one_process = true, .one_machine = true}, rates).iteration;
    EXPECT_NEAR(threads, alone / 2, 0.05 * alone) << ranks;
    EXPECT_LE(threads, layer_seconds(config, sizes, {.one_machine = true}, rates).iteration) << ranks;
  }
}

}  // namespace
}  // namespace tersegraph
