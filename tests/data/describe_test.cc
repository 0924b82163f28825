#include "data/describe.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>

#include "data/features.h"
#include "data/share.h"

namespace tersegraph {
namespace {

using ::testing::ElementsAre;

// The path 0 - 1 - 2 with node 3 alone; node 2 has no label.
Dataset path() {
  Dataset dataset;
  dataset.name = "path";
  dataset.graph.adjacency = {.cols = 4, .indptr = {0, 1, 3, 4, 4}, .indices = {1, 0, 2, 1}, .values = {}};
  dataset.labels.outputs = 3;
  dataset.labels.classes = {1, 1, -1, 0};
  dataset.features.is_sparse = true;
  dataset.features.sparse = {.cols = 5, .indptr = {0, 2, 2, 3, 4}, .indices = {0, 4, 1, 2}, .values = {1, 3, -2, 0}};
  dataset.splits = {{{0}, {1}, {3}}};
  return dataset;
}

TEST(Describe, CountsByHand) {
  const DatasetFacts facts = describe(path());
  EXPECT_EQ(facts.name, "path");
  EXPECT_EQ(facts.nodes, 4);
  EXPECT_EQ(facts.edges, 4);
  EXPECT_EQ(facts.mean_degree, 1.0);
  EXPECT_EQ(facts.max_degree, 2);
  EXPECT_EQ(facts.isolated, 1);
  EXPECT_EQ(facts.features, 5);
  EXPECT_TRUE(facts.sparse_features);
  EXPECT_EQ(facts.feature_density, 4 / 20.0);
  EXPECT_EQ(facts.labelled, 3);
  EXPECT_THAT(facts.class_counts, ElementsAre(1, 2, 0));
  EXPECT_EQ(facts.edge_homophily, 1.0);
  EXPECT_EQ(facts.splits[0].test, 1);
}

TEST(Describe, RemarksOnWhatTrainingWouldStumbleOver) {
  // Class 0 is trained on, 1 and 2 are not; feature 2 is stored as 0, feature 3 not at all; nodes 1 and 3 have none.
  Dataset dataset = path();
  dataset.splits = {{{3}, {1}, {0}}};
  EXPECT_THAT(describe(dataset).remarks,
              ElementsAre("nodes whose features are all 0: 2", "features that are 0 everywhere: 2 of 5",
                          "classes without a training node: 1, 2"));
  dataset.features = {};
  dataset.features.dense.reshape(4, 1);
  dataset.features.dense.fill(-2000);
  dataset.splits = {};
  EXPECT_THAT(describe(dataset).remarks, ElementsAre("features are as large as 2e+03; scale the columns first",
                                                     "there is no split; give one, like --split 0.6,0.2,0.2"));
}

TEST(Describe, MultilabelAndNoLabels) {
  Dataset dataset = path();
  dataset.labels = {};
  EXPECT_TRUE(std::isnan(describe(dataset).edge_homophily));
  EXPECT_EQ(describe(dataset).labelled, 0);
  dataset.labels.task = Task::multilabel;
  dataset.labels.outputs = 2;
  dataset.labels.targets.reshape(4, 2);
  dataset.labels.targets.fill(1);
  dataset.labels.targets(2, 0) = 0;
  EXPECT_THAT(describe(dataset).class_counts, ElementsAre(3, 4));
  EXPECT_EQ(describe(dataset).labelled, 4);
  EXPECT_TRUE(std::isnan(describe(dataset).edge_homophily));
}

TEST(NormalizeRows, SparseRowsSumToOneAndZeroSumsStay) {
  Features features = path().features;
  normalize_rows(features);
  EXPECT_THAT(features.sparse.values, ElementsAre(0.25f, 0.75f, 1, 0));
  features.sparse.values.clear();
  normalize_rows(features);
  EXPECT_THAT(features.sparse.values, ElementsAre(0.5f, 0.5f, 1, 1));
}

TEST(NormalizeRows, DenseRowsSumToOneAndZeroSumsStay) {
  Features features;
  features.dense.reshape(3, 2);
  const float values[] = {1, 3, 2, -2, 0, 0};
  std::copy(std::begin(values), std::end(values), features.dense.data());
  normalize_rows(features);
  EXPECT_THAT(std::vector<float>(features.dense.data(), features.dense.data() + 6),
              ElementsAre(0.25f, 0.75f, 2, -2, 0, 0));
}

TEST(Share, BorrowsTheFeaturesUntilTheyChange) {
  const auto original = std::make_shared<Dataset>(path());
  original->features = {};
  original->features.dense.reshape(4, 1);
  original->features.dense.fill(3);
  Dataset shared = share(original);
  EXPECT_EQ(shared.features.dense.data(), original->features.dense.data());
  EXPECT_EQ(shared.graph.adjacency.indices, original->graph.adjacency.indices);
  EXPECT_EQ(shared.labels.classes, original->labels.classes);
  normalize_rows(shared.features);
  EXPECT_EQ(shared.features.dense(2, 0), 1.0f);
  EXPECT_EQ(original->features.dense(2, 0), 3.0f);
}

}  // namespace
}  // namespace tersegraph
