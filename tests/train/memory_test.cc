#include "train/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <type_traits>

#include "reference/bytes_in_use.h"
#include "train/training.h"

namespace tersegraph {
namespace {

using reference::bytes_in_use;

/// Looks at the heap when all buffers of an epoch are there.
class Gauge : public Observer {
 public:
  void on_epoch(const EpochMetrics&) override { after.push_back(bytes_in_use()); }
  std::vector<int64_t> after;
};

/// Trains and compares what the heap holds between epochs with the prediction, but for the program and for what only
/// the beginning of a run needs. All blocks stay below the 2 MiB from which they are rounded up to huge pages.
template <class Config>
void check(const Dataset& dataset, const Config& config, int ranks, int64_t before,
           const std::function<MemoryPrediction(const ProcessPart& part)>& predict, double factor = 1.25) {
  const Partition partition = make_partition(dataset.graph, ranks, PartitionMethod::metis_cut, 1);
  const PartitionFacts facts = inspect(dataset.graph, partition);
  const ProcessPart part = {ranks, ranks, facts.halo_rows, facts.cut_edges};
  Csr matrix;
  if constexpr (std::is_same_v<Config, MlpConfig>) {
    matrix = aggregation_operator(dataset.graph, config.normalisation);
  } else {
    matrix = aggregation_operator(dataset.graph, config.normalisation());
  }
  using Trained = std::conditional_t<std::is_same_v<Config, MlpConfig>, MlpTrainer, FullGraphTrainer>;
  Gauge gauge;
  run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    Trained(dataset, matrix, dataset.splits[0], partition, config, channel).train(gauge);
  });
  ASSERT_EQ(gauge.after.size(), 4u);
  double predicted = 0.0;
  std::string words;
  for (const auto& [what, bytes] : predict(part).items) {
    if (what != "program" && what.find(" while ") == std::string::npos) predicted += static_cast<double>(bytes);
    words += what + " " + std::to_string(bytes) + ", ";
  }
  EXPECT_NE(words.find("program"), std::string::npos);
  const auto taken = static_cast<double>(gauge.after[1] - before);
  EXPECT_LT(predicted, factor * taken) << words;
  EXPECT_GT(predicted, taken / factor) << words;
  // An epoch leaves its metrics behind (and the best weights were saved once), no buffers. Only one rank can tell: the
  // heap is the process', and others may be amid their step when rank 0 looks.
  if (ranks == 1) {
    EXPECT_LT(gauge.after[3], gauge.after[1] + 20000);
  }
}

struct Case {
  const char* name;
  ModelKind kind;
  float input_dropout;
  bool aggregate_first;
  int64_t hidden;
  int ranks;
  int kept_bits = 32;
  int gathered_bits = 32;
};

class PredictedMemory : public ::testing::TestWithParam<Case> {};

TEST_P(PredictedMemory, IsCloseToWhatIsTaken) {
  if (bytes_in_use() == 0) GTEST_SKIP() << "this allocator does not count (a sanitizer's?)";
  const Case& c = GetParam();
  const int64_t before = bytes_in_use();
  const Dataset dataset = load_dataset("sbm:nodes=6000,edges=40000,features=64,classes=8,seed=1");
  FullGraphConfig config = testing::small_config(c.kind);
  config.model.hidden = c.hidden;
  config.model.kept_bits = c.kept_bits;
  config.model.gathered_bits = c.gathered_bits;
  config.model.input_dropout = c.input_dropout;
  config.model.aggregate_first = c.aggregate_first;
  config.epochs = 4;
  config.ordering = Ordering::none;
  check(dataset, config, c.ranks, before, [&](const ProcessPart& part) {
    return predict_memory(shape_of(dataset), std::ssize(dataset.splits[0].train), config, part);
  });
}

INSTANTIATE_TEST_SUITE_P(All, PredictedMemory,
                         ::testing::Values(Case{"Gcn", ModelKind::gcn, 0.0f, false, 64, 1},
                                           Case{"Sage", ModelKind::sage, 0.0f, false, 64, 1},
                                           Case{"SageInputDropout", ModelKind::sage, 0.5f, false, 32, 1},
                                           Case{"GcnAggregateFirst", ModelKind::gcn, 0.0f, true, 64, 1},
                                           Case{"GcnThreeRanks", ModelKind::gcn, 0.0f, false, 64, 3},
                                           Case{"SageThreeRanks", ModelKind::sage, 0.0f, true, 64, 3},
                                           Case{"GcnFewBits", ModelKind::gcn, 0.0f, false, 64, 1, 4},
                                           Case{"GcnBfloat16", ModelKind::gcn, 0.0f, true, 64, 1, 32, 16},
                                           Case{"SageFewBits", ModelKind::sage, 0.0f, false, 64, 2, 8}),
                         [](const auto& info) { return info.param.name; });

TEST(PredictedMemory, CountsWhatRanksOfAHostShare) {
  const DatasetShape shape = shape_of(load_dataset("sbm:nodes=600,edges=4000,features=64,classes=8,seed=1"));
  FullGraphConfig config = testing::small_config(ModelKind::gcn);
  const auto messages = [&](int mates) {
    const ProcessPart part{.ranks = 8, .ranks_here = 1, .halo_rows = 1000, .cut_edges = 4000, .mates = mates};
    const auto items = predict_memory(shape, 100, config, part).items;
    return std::ranges::find(items, "messages", &MemoryPrediction::Item::what)->bytes;
  };
  EXPECT_EQ(messages(4) - messages(1), 4 * 1000 * config.model.hidden * 4);
  EXPECT_EQ(messages(8), messages(1)) << "one host";
  config.exchange.intra = IntraHost::same;
  EXPECT_EQ(messages(4), messages(1));
}

struct MlpCase {
  const char* name;
  int layers;
  int64_t hidden;
  float input_dropout;
  bool last_hop_only;
  bool sparse;
  int ranks;
};

/// Ten entries a row, in a wide matrix.
void make_sparse(Features& features, int64_t nodes) {
  features.is_sparse = true;
  features.dense = Matrix();
  features.sparse.cols = 2000;
  Random random(1, Purpose::features);
  for (int64_t k = 0; k < 10 * nodes; ++k) {
    features.sparse.indices.push_back(static_cast<int32_t>(k % 10 * 200 + random.below(200)));
    features.sparse.values.push_back(1.0f);
    if (k % 10 == 9) features.sparse.indptr.push_back(k + 1);
  }
}

class PredictedMlpMemory : public ::testing::TestWithParam<MlpCase> {};

TEST_P(PredictedMlpMemory, IsCloseToWhatIsTaken) {
  if (bytes_in_use() == 0) GTEST_SKIP() << "this allocator does not count (a sanitizer's?)";
  const MlpCase& c = GetParam();
  const int64_t before = bytes_in_use();
  Dataset dataset = load_dataset("sbm:nodes=6000,edges=40000,features=64,classes=8,seed=1,split=0.1/0.3/0.6");
  if (c.sparse) make_sparse(dataset.features, dataset.nodes());
  MlpConfig config;
  config.model = {.layers = c.layers, .hidden = c.hidden, .dropout = 0.5f, .input_dropout = c.input_dropout};
  config.augment.last_hop_only = c.last_hop_only;
  config.augment.hops = 2;
  config.epochs = 4;
  config.ordering = Ordering::none;
  check(
      dataset, config, c.ranks, before,
      [&](const ProcessPart& part) { return predict_memory(dataset, dataset.splits[0], config, part); },
      c.sparse ? 1.35 : 1.25);  // how full sparse hops get is itself an estimate
}

INSTANTIATE_TEST_SUITE_P(All, PredictedMlpMemory,
                         ::testing::Values(MlpCase{"GaMlp", 3, 64, 0.0f, false, false, 1},
                                           MlpCase{"Deep", 10, 32, 0.5f, false, false, 1},
                                           MlpCase{"Sgc", 1, 64, 0.0f, true, false, 1},
                                           MlpCase{"Sparse", 2, 32, 0.0f, false, true, 1},
                                           MlpCase{"SparseInputDropout", 2, 32, 0.5f, false, true, 1},
                                           MlpCase{"ThreeRanks", 3, 64, 0.0f, false, false, 3}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tersegraph
