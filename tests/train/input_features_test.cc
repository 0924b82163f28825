#include "train/input_features.h"

#include <gtest/gtest.h>

#include <functional>

#include "augment/feature_rows.h"
#include "comm/launch.h"
#include "data/features.h"
#include "exchange/aggregation.h"
#include "graph/graph.h"
#include "reference/dense_matrix.h"
#include "train/small_dataset.h"

namespace tersegraph {
namespace {

/// What one rank's layer 0 reads of features with `density` of their cells filled.
void with_input(double density, ConvOrder order, const std::function<void(const Dataset&, const ModelInput&)>& look) {
  const Dataset dataset = testing::small_dataset(true, 50, density);
  const Csr a = aggregation_operator(dataset.graph, Normalisation::symmetric);
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Shard shard = build_shard(a, {1, std::vector<int32_t>(testing::kNodes, 0)}, 0, Ordering::none, 0);
    Aggregation aggregation(shard, channel, {});
    InputFeatures input(take_rows(dataset.features, shard.owned), aggregation, order, true, 0.0f);
    look(dataset, input.prepare({}));
  });
}

TEST(InputFeatures, FewEntriesAreMultipliedAsTheyAre) {
  for (const ConvOrder order : {ConvOrder::transform_first, ConvOrder::aggregated_input}) {
    with_input(0.05, order, [&](const Dataset& dataset, const ModelInput& input) {
      ASSERT_TRUE(input.features.is_sparse);
      EXPECT_EQ(input.features.sparse.nnz(), dataset.features.sparse.nnz());
    });
  }
}

TEST(InputFeatures, ManyAreMadeDense) {
  for (const ConvOrder order : {ConvOrder::transform_first, ConvOrder::aggregated_input}) {
    with_input(0.3, order, [&](const Dataset& dataset, const ModelInput& input) {
      ASSERT_FALSE(input.features.is_sparse);
      EXPECT_EQ(reference::dense_of(input.features.dense).values,
                reference::dense_of(to_dense(dataset.features.sparse)).values);
    });
  }
}

}  // namespace
}  // namespace tersegraph
