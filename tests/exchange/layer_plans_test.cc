#include "exchange/layer_plans.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "exchange/planned_world.h"
#include "reference/dense_gnn.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::dense_of;
using reference::relative_error;
using testing::PlannedWorld;

constexpr int64_t kNodes = 80;
constexpr int kLayers = 3;

std::vector<int64_t> training_rows(const Shard& shard, int64_t every) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < shard.owned_count(); ++i) {
    if (shard.owned[i] % every == 0) rows.push_back(i);
  }
  return rows;
}

/// Nodes that outputs of `layer` are needed of, from the dense matrix.
std::set<int64_t> needed_nodes(const Dense& a, int64_t every, int layer) {
  std::set<int64_t> needed;
  for (int64_t v = 0; v < kNodes; v += every) needed.insert(v);
  for (int l = kLayers - 1; l > layer; --l) {
    const std::set<int64_t> destinations = needed;
    for (const int64_t i : destinations) {
      for (int64_t j = 0; j < kNodes; ++j) {
        if (a(i, j) != 0.0) needed.insert(j);
      }
    }
  }
  return needed;
}

using Case = std::tuple<RowChoice, bool /*directed*/, Normalisation, int /*ranks*/>;

class LayerPlansOf : public ::testing::TestWithParam<Case> {
 protected:
  static constexpr int64_t kEvery = 20;

  LayerPlansOf() {
    const auto& [choice, directed, normalisation, ranks] = GetParam();
    matrix = aggregation_operator(reference::random_graph(kNodes, 100, directed, true, 3, 4), normalisation);
    partition = reference::random_parts(kNodes, ranks, 5);
    a = dense_of(matrix.view());
  }

  PlannedWorld world(int layer) {
    return PlannedWorld::make(matrix, partition, [&](const Shard& shard, Channel& channel) {
      LayerPlans plans(shard, std::get<RowChoice>(GetParam()), Hosts::apart(channel.size(), channel.rank()), channel);
      plans.skip_rows(shard, training_rows(shard, kEvery), kLayers, channel);
      return plans.forward(layer);
    });
  }

  Csr matrix;
  Partition partition;
  Dense a;
};

TEST_P(LayerPlansOf, CarryWhatTheLossDependsOnAndNothingElse) {
  const Dense x = dense_of(reference::random_matrix(kNodes, 3, 6));
  for (int l = 0; l < kLayers; ++l) {
    const PlannedWorld ranks = world(l);
    const std::set<int64_t> needed = needed_nodes(a, kEvery, l);
    ASSERT_LT(needed.size(), 70u) << "the test shows nothing";

    Dense wanted = multiply(a, x), given = ranks.product(x, false), gradient = x;
    for (int64_t i = 0; i < kNodes; ++i) {
      if (needed.contains(i)) continue;
      for (int64_t c = 0; c < x.cols; ++c) wanted(i, c) = given(i, c) = gradient(i, c) = 0.0;
    }
    EXPECT_LT(relative_error(given, wanted), 1e-6);
    EXPECT_LT(relative_error(ranks.product(gradient, true), multiply(transposed(a), gradient)), 1e-6);

    std::set<std::pair<int64_t, int>> copies;  // (source, rank that needs it)
    for (const int64_t i : needed) {
      for (int64_t j = 0; j < kNodes; ++j) {
        if (a(i, j) != 0.0 && partition.part_of[i] != partition.part_of[j]) copies.emplace(j, partition.part_of[i]);
      }
    }
    int64_t rows = 0;
    for (const ExchangePlan& plan : ranks.forward) rows += plan.rows_sent();
    if (std::get<RowChoice>(GetParam()) == RowChoice::sources) {
      EXPECT_EQ(rows, std::ssize(copies));
    } else {
      EXPECT_LE(rows, std::ssize(copies));
    }
  }
}

TEST_P(LayerPlansOf, NeededRowsAreThoseOfTheWholeGraph) {
  std::vector<std::set<int64_t>> needed(kLayers);
  for (int rank = 0; rank < partition.parts; ++rank) {
    std::vector<std::vector<std::vector<uint8_t>>> rows(partition.parts);
    std::vector<Shard> shards(partition.parts);
    run_thread_ranks(partition.parts, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      Shard& shard = shards[channel.rank()];
      shard = build_shard(matrix, partition, channel.rank(), Ordering::none, 1);
      rows[channel.rank()] = needed_rows(shard, training_rows(shard, kEvery), kLayers, channel);
    });
    for (int l = 0; l < kLayers; ++l) {
      for (int64_t i = 0; i < shards[rank].owned_count(); ++i) {
        if (rows[rank][l][i] != 0) needed[l].insert(shards[rank].owned[i]);
      }
    }
  }
  for (int l = 0; l < kLayers; ++l) EXPECT_EQ(needed[l], needed_nodes(a, kEvery, l)) << l;
}

INSTANTIATE_TEST_SUITE_P(All, LayerPlansOf,
                         ::testing::Combine(::testing::Values(RowChoice::sources, RowChoice::cover), ::testing::Bool(),
                                            ::testing::Values(Normalisation::symmetric, Normalisation::mean),
                                            ::testing::Values(1, 2, 3, 4)));

void with_plans(int64_t every, const std::function<void(LayerPlans&, const Shard&, Channel&)>& body) {
  const Csr matrix =
      aggregation_operator(reference::random_graph(kNodes, 300, false, true, 3, 4), Normalisation::symmetric);
  const Partition partition = reference::random_parts(kNodes, 3, 5);
  run_thread_ranks(3, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Shard shard = build_shard(matrix, partition, channel.rank(), Ordering::none, 1);
    LayerPlans plans(shard, RowChoice::sources, Hosts::apart(channel.size(), channel.rank()), channel);
    EXPECT_EQ(&plans.forward(kLayers - 1), &plans.forward()) << "full until rows are skipped";
    plans.skip_rows(shard, training_rows(shard, every), kLayers, channel);
    body(plans, shard, channel);
  });
}

TEST(LayerPlans, AreTheFullOnesWhereAllNodesTrain) {
  with_plans(1, [](LayerPlans& plans, const Shard&, Channel&) {
    for (int l = 0; l < kLayers; ++l) {
      EXPECT_EQ(&plans.forward(l), &plans.forward());
      EXPECT_EQ(&plans.backward(l), &plans.backward());
    }
  });
}

TEST(LayerPlans, MoveNothingWhereNoNodeTrainsAndCanBeMadeAgain) {
  with_plans(1000, [](LayerPlans& plans, const Shard& shard, Channel& channel) {
    plans.skip_rows(shard, {}, kLayers, channel);
    EXPECT_EQ(&plans.forward(0), &plans.forward(kLayers - 1)) << "layers of the same edges share a plan";
    for (int l = 0; l < kLayers; ++l) {
      EXPECT_EQ(plans.forward(l).rows_sent() + plans.forward(l).rows_received(), 0);
      EXPECT_EQ(plans.forward(l).scatter.rows(), shard.owned_count());
    }
    EXPECT_GT(plans.forward().rows_sent(), 0);
    plans.skip_rows(shard, training_rows(shard, 1), kLayers, channel);
    EXPECT_EQ(&plans.forward(0), &plans.forward());
  });
}

}  // namespace
}  // namespace tersegraph
