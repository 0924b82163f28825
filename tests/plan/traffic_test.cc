#include "plan/traffic.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "plan/planned.h"
#include "train/small_dataset.h"

namespace tersegraph {
namespace {

using testing::graph_of_600;
using testing::planned;
using testing::small_config;

constexpr int64_t kEpochs = 3;

std::map<std::string, int64_t> predicted(const Dataset& dataset, const FullGraphConfig& config, int ranks,
                                         const std::vector<int>& hosts = {}) {
  const std::vector<RankWork> works = planned(dataset, config, ranks, hosts);
  const TrafficPlan plan = traffic(shape_of(dataset), config, works, row_bits(config.exchange, works, {}));
  const TrafficBytes bytes = plan.run(config.epochs, evaluations(config.epochs, config.eval_every));
  std::map<std::string, int64_t> named;
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    if (bytes[kind] > 0) named[std::string(traffic_name(static_cast<Traffic>(kind)))] = bytes[kind];
  }
  return named;
}

std::map<std::string, int64_t> counted(const Dataset& dataset, const FullGraphConfig& config, int ranks,
                                       const std::vector<int>& hosts = {}) {
  const testing::Trained trained = testing::train(dataset, config, {.ranks = ranks, .hosts = hosts});
  std::map<std::string, int64_t> bytes = trained.result.bytes;
  bytes.erase("setup");
  return bytes;
}

void expect_as_counted(const Dataset& dataset, FullGraphConfig config) {
  config.epochs = kEpochs;
  for (const int ranks : {1, 2, 4}) {
    EXPECT_EQ(predicted(dataset, config, ranks), counted(dataset, config, ranks)) << ranks << " ranks";
  }
}

TEST(Traffic, OfExactRowsIsWhatTrainingCounts) {
  for (const ModelKind kind : {ModelKind::gcn, ModelKind::sage}) expect_as_counted(graph_of_600(), small_config(kind));
}

TEST(Traffic, OfClassesInsteadOfOutputsIsWhatTrainingCounts) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.gather_outputs = false;
  expect_as_counted(graph_of_600(), config);
}

TEST(Traffic, OfFixedWidthsIsWhatTrainingCounts) {
  for (const int bits : {1, 3, 8, 16}) {
    FullGraphConfig config = small_config(ModelKind::gcn);
    config.exchange.policy = ExchangePolicy::uniform;
    config.exchange.bits = bits;
    expect_as_counted(graph_of_600(), config);
  }
}

TEST(Traffic, OfRanksThatShareHostsIsWhatTrainingCounts) {
  const Dataset sparse = testing::small_dataset(true);
  for (const ExchangePolicy policy : {ExchangePolicy::exact, ExchangePolicy::uniform, ExchangePolicy::pipe}) {
    for (const RowChoice rows : {RowChoice::sources, RowChoice::cover}) {
      FullGraphConfig config = small_config(ModelKind::sage);
      config.exchange.policy = policy;
      config.exchange.bits = 16;
      config.exchange.rows = rows;
      config.epochs = kEpochs;
      for (const std::vector<int>& hosts : {std::vector{0, 0, 1, 1}, {0, 0, 0, 1}, {0, 1, 2, 2, 1}}) {
        const auto ranks = static_cast<int>(hosts.size());
        for (const Dataset& dataset : {std::cref(graph_of_600()), std::cref(sparse)}) {
          EXPECT_EQ(predicted(dataset, config, ranks, hosts), counted(dataset, config, ranks, hosts));
        }
      }
    }
  }
}

TEST(Traffic, OfCoveredRowsAndRoundedGradientsIsWhatTrainingCounts) {
  FullGraphConfig config = small_config(ModelKind::sage);
  config.exchange.rows = RowChoice::cover;
  config.reduce_bits = 8;
  config.eval_every = 2;
  expect_as_counted(graph_of_600(), config);
  config.model.hidden = 300;  // more weights than one message holds
  expect_as_counted(graph_of_600(), config);
}

TEST(Traffic, OfEveryOrderOfLayer0IsWhatTrainingCounts) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.layer0_cache = false;
  expect_as_counted(graph_of_600(), config);
  config.model.aggregate_first = true;
  expect_as_counted(graph_of_600(), config);
  config.model.input_dropout = 0.5f;
  expect_as_counted(testing::small_dataset(true), config);
}

TEST(Traffic, OfSparseFeaturesIsWhatTrainingCounts) {
  FullGraphConfig config = small_config(ModelKind::sage);
  expect_as_counted(testing::small_dataset(true), config);
  config.layer0_cache = false;
  expect_as_counted(testing::small_dataset(true), config);
}

TEST(Traffic, OfFewTrainingNodesSkipsWhatTheyDoNotSee) {
  Dataset dataset = load_dataset("sbm:nodes=600,edges=1500,features=24,classes=5,seed=3");
  dataset.splits.at(0).train.resize(4);
  const FullGraphConfig config = small_config(ModelKind::gcn);
  expect_as_counted(dataset, config);
  const std::vector<RankWork> works = planned(dataset, config, 2);
  EXPECT_LT(works[0].exchanges.back().rows_sent(), works[0].evaluation.back().rows_sent());
}

TEST(Traffic, AdaptiveBitsOfManyRanksOnFewHostsFollowTheBudget) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.exchange.policy = ExchangePolicy::adaptive;
  config.exchange.goal = {AssignerGoal::Form::bytes, 0.1, {}};
  std::vector<int> hosts;
  for (int rank = 0; rank < 32; ++rank) hosts.push_back(rank / 16);
  const std::vector<RankWork> works = planned(graph_of_600(), config, 32, hosts);
  EXPECT_LT(row_bits(config.exchange, works, {}).mean(), 3);
}

TEST(Traffic, AdaptiveBytesFollowTheBudget) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.exchange.policy = ExchangePolicy::adaptive;
  const std::vector<RankWork> works = planned(graph_of_600(), config, 2);
  const auto bytes = [&](double share) {
    config.exchange.goal = {AssignerGoal::Form::bytes, share, {}};
    const TrafficPlan plan = traffic(shape_of(graph_of_600()), config, works, row_bits(config.exchange, works, {}));
    return static_cast<double>(plan.epoch[static_cast<int>(Traffic::halo_forward)] +
                               plan.epoch[static_cast<int>(Traffic::halo_backward)]);
  };
  double exact = 0;
  for (const RankWork& work : works) {
    for (const HaloWork& halo : work.exchanges) exact += static_cast<double>(halo_bytes(halo, {}));
  }
  EXPECT_NEAR(bytes(0.15) / exact, 0.15, 0.01);
  EXPECT_NEAR(bytes(0.2) / exact, 0.2, 0.01);
}

}  // namespace
}  // namespace tersegraph
