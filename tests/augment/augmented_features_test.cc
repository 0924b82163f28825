#include "augment/augmented_features.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "augment/augmented.h"
#include "base/error.h"
#include "reference/dense_gnn.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::dense_of;
using reference::multiply;
using testing::AugmentCase;
using testing::Augmented;
using testing::features_of;
using testing::random_features;
using testing::same_bits;

Dense dense_operator(const Graph& graph, Normalisation normalisation) {
  const Dense adjacency = dense_of(graph.adjacency.view());
  if (normalisation == Normalisation::symmetric) return reference::gcn_operator(adjacency);
  if (normalisation == Normalisation::mean) return reference::mean_operator(adjacency);
  Dense a = transposed(adjacency);
  if (normalisation == Normalisation::none) return a;
  for (int64_t i = 0; i < a.rows; ++i) {
    if (a(i, i) == 0.0) a(i, i) = 1.0;
    double degree = 0.0;
    for (int64_t j = 0; j < a.cols; ++j) degree += a(i, j);
    for (int64_t j = 0; j < a.cols; ++j) a(i, j) /= degree;
  }
  return a;
}

Dense normalised(Dense h) {
  for (int64_t i = 0; i < h.rows; ++i) {
    double squares = 0.0;
    for (int64_t j = 0; j < h.cols; ++j) squares += h(i, j) * h(i, j);
    for (int64_t j = 0; j < h.cols && squares > 0.0; ++j) h(i, j) /= std::sqrt(squares);
  }
  return h;
}

double spread_of(const Dense& x, const std::vector<int64_t>& rows) {
  double total = 0.0;
  for (int64_t j = 0; j < x.cols; ++j) {
    double mean = 0.0;
    for (const int64_t i : rows) mean += x(i, j) / static_cast<double>(rows.size());
    for (const int64_t i : rows) total += (x(i, j) - mean) * (x(i, j) - mean) / static_cast<double>(rows.size());
  }
  return std::sqrt(total);
}

struct Expected {
  Dense x;  ///< all nodes
  std::vector<double> scales;
};

/// X from its definition.
Expected expected(const Dense& a, const Matrix& h, const std::vector<int64_t>& training, const AugmentConfig& config) {
  Dense power = config.row_norm == RowNorm::none ? dense_of(h) : normalised(dense_of(h));
  const int64_t hops = config.last_hop_only ? 1 : config.hops + 1;
  Expected result{Dense(h.rows(), hops * h.cols()), {}};
  for (int k = 0; k <= config.hops; ++k) {
    if (k > 0) power = multiply(a, power);
    if (config.last_hop_only && k < config.hops) continue;
    const double apart = spread_of(power, training);
    const double scale =
        config.scale_hops && apart > 1e-12 ? 1.0 / (apart * std::sqrt(static_cast<double>(hops))) : 1.0;
    const int64_t column = std::ssize(result.scales) * h.cols();
    result.scales.push_back(scale);
    for (int64_t i = 0; i < power.rows; ++i) {
      for (int64_t j = 0; j < power.cols; ++j) result.x(i, column + j) = scale * power(i, j);
    }
  }
  return result;
}

void expect_equal(const Augmented& found, const Expected& expected, const AugmentCase& test, const Matrix& w) {
  ASSERT_EQ(found.scales.size(), expected.scales.size());
  for (size_t k = 0; k < found.scales.size(); ++k) {
    EXPECT_NEAR(found.scales[k] / expected.scales[k], 1.0, 1e-5) << "hop " << k;
  }
  Dense rows(std::ssize(test.training), expected.x.cols);
  for (int64_t i = 0; i < rows.rows; ++i) {
    for (int64_t j = 0; j < rows.cols; ++j) rows(i, j) = expected.x(test.training[i], j);
  }
  EXPECT_LT(relative_error(dense_of(found.training), rows), 1e-5);
  EXPECT_LT(relative_error(dense_of(found.product), multiply(expected.x, dense_of(w))), 1e-5);
}

using Kind = std::tuple<Normalisation, bool /*directed*/, bool /*sparse*/, bool /*last_hop_only*/>;
class AugmentedKinds : public ::testing::TestWithParam<Kind> {};

TEST_P(AugmentedKinds, IsTheDenseXAndTheSameBitsOnAnyRanks) {
  const auto& [normalisation, directed, sparse, last_hop_only] = GetParam();
  constexpr int64_t kNodes = 83, kWidth = 11;
  for (int hops = 0; hops <= 4; ++hops) {
    SCOPED_TRACE("hops " + std::to_string(hops));
    const bool weighted = hops % 2 == 0;
    const Graph graph = reference::random_graph(kNodes, 120, directed, weighted, 4, 10 + hops);
    const Matrix h = random_features(kNodes, kWidth, sparse ? 0.2 : 0.8, 20 + hops);
    const AugmentCase test{aggregation_operator(graph, normalisation),
                           features_of(h, sparse),
                           {5, 80, 9, 33, 82, 17, 60, 3, 61},
                           {.hops = hops,
                            .last_hop_only = last_hop_only,
                            .row_norm = hops == 3 ? RowNorm::none : RowNorm::euclidean,
                            .scale_hops = hops != 1}};
    const Matrix w = reference::random_matrix(test.cols(), 5, 30 + hops);
    const Augmented one = test.run({1, std::vector<int32_t>(kNodes, 0)}, w);
    expect_equal(one, expected(dense_operator(graph, normalisation), h, test.training, test.config), test, w);
    for (int ranks = 1; ranks <= 5; ++ranks) {
      SCOPED_TRACE("ranks " + std::to_string(ranks));
      const Augmented many = test.run(reference::random_parts(kNodes, ranks, 40 + ranks), w, ranks == 2 ? 2 : 1,
                                      ranks == 1 || ranks == 3 ? Ordering::rcm : Ordering::none);
      EXPECT_EQ(many.scales, one.scales);
      EXPECT_EQ(many.is_sparse, one.is_sparse);
      EXPECT_TRUE(same_bits(many.training, one.training));
      EXPECT_TRUE(same_bits(many.product, one.product));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, AugmentedKinds,
                         ::testing::Combine(::testing::Values(Normalisation::symmetric, Normalisation::mean,
                                                              Normalisation::random_walk, Normalisation::none),
                                            ::testing::Bool(), ::testing::Bool(), ::testing::Bool()));

std::vector<int64_t> every(int64_t step, int64_t nodes) {
  std::vector<int64_t> ids;
  for (int64_t v = 0; v < nodes; v += step) ids.push_back(v);
  return ids;
}

/// Sizes at which matrix products are cut in blocks of several heights, one row among them.
TEST(AugmentedFeatures, DenseProductsAreTheSameBitsAtAnyHeight) {
  constexpr int64_t kNodes = 1300;
  const Graph graph = reference::random_graph(kNodes, 4000, false, false, 0, 1);
  for (const int64_t width : {1, 7, 300, 767}) {
    for (const int64_t outputs : {1, 2, 17, 40}) {
      AugmentCase test{aggregation_operator(graph, Normalisation::symmetric),
                       features_of(reference::random_matrix(kNodes, width, 2), false), every(100, kNodes)};
      test.config.hops = 1;
      const Matrix w = reference::random_matrix(test.cols(), outputs, 3);
      const Augmented one = test.run({1, std::vector<int32_t>(kNodes, 0)}, w);
      // Parts of 1, 65, 129, 513 and 592 nodes.
      Partition partition{5, std::vector<int32_t>(kNodes, 4)};
      std::fill_n(partition.part_of.begin(), 1, 0);
      std::fill_n(partition.part_of.begin() + 1, 65, 1);
      std::fill_n(partition.part_of.begin() + 66, 129, 2);
      std::fill_n(partition.part_of.begin() + 195, 513, 3);
      const Augmented many = test.run(partition, w);
      EXPECT_TRUE(same_bits(many.product, one.product)) << width << " x " << outputs;
      EXPECT_TRUE(same_bits(many.training, one.training)) << width << " x " << outputs;
    }
  }
}

/// Hops fill up: rows are dense before X is.
TEST(AugmentedFeatures, EachFormIsTakenWhereItIsSmallerAndGivesTheSameNumbers) {
  constexpr int64_t kNodes = 400, kWidth = 60;
  const Graph graph = reference::random_graph(kNodes, 1600, true, true, 0, 1);
  const Matrix h = random_features(kNodes, kWidth, 0.03, 2);
  const Dense a = dense_operator(graph, Normalisation::random_walk);
  for (int hops = 0; hops <= 6; ++hops) {
    AugmentCase test{aggregation_operator(graph, Normalisation::random_walk), features_of(h, true), every(3, kNodes)};
    test.config.hops = hops;
    const Matrix w = reference::random_matrix(test.cols(), 3, 3);
    const Augmented one = test.run({1, std::vector<int32_t>(kNodes, 0)}, w);
    EXPECT_EQ(one.is_sparse, hops < 5) << hops;
    expect_equal(one, expected(a, h, test.training, test.config), test, w);
    const Augmented many = test.run(reference::random_parts(kNodes, 4, 5), w, 2);
    EXPECT_TRUE(same_bits(many.training, one.training)) << hops;
    EXPECT_TRUE(same_bits(many.product, one.product)) << hops;
  }
  // What is stored sparse without need is held dense.
  AugmentCase full{aggregation_operator(graph, Normalisation::random_walk),
                   features_of(reference::random_matrix(kNodes, kWidth, 4), true), every(3, kNodes)};
  const Matrix w = reference::random_matrix(full.cols(), 3, 3);
  const Augmented one = full.run({1, std::vector<int32_t>(kNodes, 0)}, w);
  EXPECT_FALSE(one.is_sparse);
  full.features = features_of(testing::dense_rows(full.features), false);
  EXPECT_TRUE(same_bits(one.training, full.run({1, std::vector<int32_t>(kNodes, 0)}, w).training));
}

TEST(AugmentedFeatures, SparseFeaturesWithoutStoredValuesAreOnes) {
  const Graph graph = reference::random_graph(50, 90, false, false, 0, 1);
  AugmentCase test{aggregation_operator(graph, Normalisation::none), features_of(random_features(50, 9, 0.2, 2), true),
                   every(4, 50)};
  std::fill(test.features.sparse.values.begin(), test.features.sparse.values.end(), 1.0f);
  const Matrix w = reference::random_matrix(test.cols(), 3, 3);
  const Augmented ones = test.run(reference::random_parts(50, 3, 1), w);
  test.features.sparse.values.clear();
  const Augmented none = test.run(reference::random_parts(50, 3, 1), w);
  EXPECT_TRUE(same_bits(ones.training, none.training));
  EXPECT_TRUE(same_bits(ones.product, none.product));
}

TEST(AugmentedFeatures, ConstantAndEmptyHopsKeepScaleOne) {
  const Graph graph = reference::random_graph(40, 60, false, true, 3, 1);
  Matrix h(40, 6);
  h.fill(0.3f);
  for (const bool empty : {false, true}) {
    if (empty) h.fill(0.0f);
    for (const bool sparse : {false, true}) {
      const AugmentCase test{aggregation_operator(graph, Normalisation::random_walk), features_of(h, sparse),
                             every(2, 40)};
      const Matrix w = reference::random_matrix(test.cols(), 3, 3);
      const Augmented found = test.run(reference::random_parts(40, 3, 1), w);
      EXPECT_EQ(found.scales, std::vector<float>(4, 1.0f));
      for (int64_t k = 0; k < found.training.size(); ++k) {
        EXPECT_NEAR(found.training.data()[k], empty ? 0.0 : 1.0 / std::sqrt(6.0), 1e-6);
      }
    }
  }
}

TEST(AugmentedFeatures, NoTrainingNodesAndNoFeatures) {
  const Graph graph = reference::random_graph(40, 60, true, true, 3, 1);
  for (const bool sparse : {false, true}) {
    const Matrix h = random_features(40, 6, 0.3, 2);
    AugmentCase test{aggregation_operator(graph, Normalisation::mean), features_of(h, sparse), {}};
    const Augmented found = test.run(reference::random_parts(40, 3, 1), reference::random_matrix(test.cols(), 3, 3));
    EXPECT_EQ(found.training.rows(), 0);
    EXPECT_EQ(found.scales, std::vector<float>(4, 1.0f));
    test.features = features_of(Matrix(40, 0), sparse);
    test.training = {3, 4};
    const Augmented nothing = test.run(reference::random_parts(40, 3, 1), Matrix(0, 3));
    for (int64_t k = 0; k < nothing.product.size(); ++k) EXPECT_EQ(nothing.product.data()[k], 0.0f);
  }
}

/// All training nodes are one rank's, on which others' rows depend, and one rank has no neighbours at all.
TEST(AugmentedFeatures, RanksWithoutTrainingNodesGiveWhatOthersNeed) {
  const std::vector<Edge> edges{{0, 3}, {1, 3}, {1, 4}, {2, 5}, {3, 6}, {6, 7}, {7, 8}, {8, 6}};
  const Graph graph = build_graph(11, edges, {}, {.symmetrise = false});
  const Matrix h = random_features(11, 5, 0.9, 1);
  for (const bool sparse : {false, true}) {
    const AugmentCase test{aggregation_operator(graph, Normalisation::mean), features_of(h, sparse), {8, 6}};
    const Matrix w = reference::random_matrix(test.cols(), 4, 3);
    const Augmented found = test.run({4, {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3}}, w);
    expect_equal(found, expected(dense_operator(graph, Normalisation::mean), h, test.training, test.config), test, w);
  }
}

/// The training rows of one node in a long path: the rest of the graph is not asked for anything.
TEST(AugmentedFeatures, OnlyWhatTrainingRowsDependOnTravels) {
  constexpr int64_t kNodes = 400;
  std::vector<Edge> edges;
  for (int64_t v = 0; v + 1 < kNodes; ++v) edges.emplace_back(v, v + 1);
  const Csr matrix = aggregation_operator(build_graph(kNodes, edges, {}, {}), Normalisation::symmetric);
  const Features features = features_of(reference::random_matrix(kNodes, 1000, 1), false);
  Partition partition{2, std::vector<int32_t>(kNodes)};
  for (int64_t v = 0; v < kNodes; ++v) partition.part_of[v] = static_cast<int32_t>(v % 2);
  run_thread_ranks(2, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Shard shard = build_shard(matrix, partition, channel.rank(), Ordering::none, 0);
    const AugmentedFeatures augmented(features, shard, {200}, channel, {.hops = 2, .scale_hops = false});
    // Rank 0 sends nodes 198, 200, 202 of hop 0 to whom 199 and 201 are; rank 1 sends 199, 201 of hops 0 and 1.
    const int64_t rows = channel.rank() == 0 ? 3 : 4, bytes = channel.ledger().bytes(Traffic::placement);
    EXPECT_GE(bytes, rows * 4000);
    EXPECT_LT(bytes, rows * 4000 + 2000);
    EXPECT_EQ(channel.ledger().bytes(Traffic::halo_forward), 0);
  });
}

TEST(AugmentedFeatures, MistakesAreSaidOnce) {
  const Graph graph = reference::random_graph(20, 40, false, false, 0, 1);
  const AugmentCase good{
      aggregation_operator(graph, Normalisation::none), features_of(random_features(20, 4, 0.5, 2), false), {1, 2, 3}};
  const Partition parts = reference::random_parts(20, 2, 1);
  const auto run = [&](auto&& change) {
    AugmentCase bad{good.matrix, features_of(testing::dense_rows(good.features), false), good.training};
    change(bad);
    bad.run(parts, reference::random_matrix(std::max<int64_t>(bad.cols(), 0), 2, 1));
  };
  EXPECT_NO_THROW(run([](AugmentCase&) {}));
  EXPECT_THROW(run([](AugmentCase& c) { c.config.hops = -1; }), InputError);
  EXPECT_THROW(run([](AugmentCase& c) { c.training.push_back(20); }), InputError);
  EXPECT_THROW(run([](AugmentCase& c) { c.training.push_back(-1); }), InputError);
  EXPECT_THROW(run([](AugmentCase& c) { c.features.dense.reshape(19, 4); }), InputError);
  // 20 nodes whose entries grow by about their degree a hop.
  EXPECT_THROW(run([](AugmentCase& c) { c.config.hops = 200; }), InputError);
}

}  // namespace
}  // namespace tersegraph
