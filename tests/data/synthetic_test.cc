#include "data/synthetic.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/parallel.h"
#include "data/describe.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

TEST(Synthetic, HasTheShapeThatTheWordsSay) {
  const Dataset dataset = load_dataset("sbm:nodes=3000,edges=15000,features=24,classes=5,seed=3,homophily=0.8");
  validate(dataset);
  const DatasetFacts facts = describe(dataset);
  EXPECT_EQ(facts.nodes, 3000);
  EXPECT_EQ(facts.edges, 30000);
  EXPECT_EQ(facts.features, 24);
  EXPECT_EQ(facts.outputs, 5);
  EXPECT_EQ(facts.labelled, 3000);
  EXPECT_NEAR(facts.edge_homophily, 0.8, 0.03);
  ASSERT_EQ(facts.splits.size(), 1u);
  EXPECT_EQ(facts.splits[0].train, 1500);
  EXPECT_EQ(facts.splits[0].val, 600);
  EXPECT_EQ(facts.splits[0].test, 900);
}

TEST(Synthetic, FeaturesAreUnitNoiseAroundCentresThatFarApart) {
  const Dataset dataset = load_dataset("sbm:nodes=20000,edges=0,features=50,classes=4,separation=2");
  const Matrix& x = dataset.features.dense;
  Matrix mean(4, 50);
  mean.fill(0);
  std::vector<double> count(4, 0);
  for (int64_t v = 0; v < x.rows(); ++v) {
    const int32_t c = dataset.labels.classes[v];
    ++count[c];
    for (int64_t j = 0; j < 50; ++j) mean(c, j) += x(v, j);
  }
  double centre_square = 0, noise_square = 0;
  for (int64_t c = 0; c < 4; ++c) {
    for (int64_t j = 0; j < 50; ++j) centre_square += std::pow(mean(c, j) /= static_cast<float>(count[c]), 2) / 200;
  }
  for (int64_t v = 0; v < x.rows(); ++v) {
    for (int64_t j = 0; j < 50; ++j) {
      noise_square += std::pow(x(v, j) - mean(dataset.labels.classes[v], j), 2) / static_cast<double>(x.size());
    }
  }
  EXPECT_NEAR(noise_square, 1, 0.01);
  EXPECT_NEAR(std::sqrt(centre_square), 2, 0.4);  // of 200 numbers: a standard error of 0.1
}

TEST(Synthetic, TheSameOnAnyNumberOfThreads) {
  const std::string words = "sbm:nodes=2000,edges=8000,features=16,classes=3,seed=9";
  const int threads = thread_count();
  set_thread_count(1);
  const Dataset one = load_dataset(words);
  set_thread_count(3);
  const Dataset three = load_dataset(words);
  set_thread_count(threads);
  EXPECT_EQ(one.graph.adjacency.indices, three.graph.adjacency.indices);
  EXPECT_EQ(std::memcmp(one.features.dense.data(), three.features.dense.data(), one.features.dense.bytes()), 0);
  EXPECT_EQ(one.splits[0].train, three.splits[0].train);
  const Dataset other = load_dataset("sbm:nodes=2000,edges=8000,features=16,classes=3,seed=10");
  EXPECT_NE(one.graph.adjacency.indices, other.graph.adjacency.indices);
  EXPECT_NE(one.features.dense(0, 0), other.features.dense(0, 0));
}

TEST(Synthetic, DefaultsAndSplits) {
  const Dataset plain = load_dataset("sbm:nodes=100,classes=2");
  EXPECT_EQ(plain.graph.edges(), 2000);
  EXPECT_EQ(plain.features.cols(), 64);
  const Dataset split = load_dataset("sbm:nodes=100,classes=2,split=per-class:5/20/30");
  EXPECT_EQ(split.splits[0].train.size(), 10u);
  EXPECT_EQ(split.splits[0].test.size(), 30u);
  validate(split);
}

TEST(Synthetic, MistakesAreInputErrors) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"colour=red", "'colour' is not known"},
      {"nodes", "'nodes' is no key=value"},
      {"nodes=", "nodes="},
      {"nodes=ten", "nodes=ten must be a number"},
      {"nodes=0", "nodes=0"},
      {"nodes=-3", "nodes=-3"},
      {"nodes=1.5", "nodes=1.5"},
      {"nodes=99999999999", "between 1 and 2147483647"},
      {"nodes=10,nodes=20", "given twice"},
      {"nodes=10,edges=46", "46"},
      {"nodes=10,edges=99999999999999", "edges"},
      {"nodes=10,classes=20,edges=5", "classes=20"},
      {"nodes=2000000000,features=1000000,edges=1", "GiB"},
      {"features=0", "features=0"},
      {"seed=-1", "seed=-1"},
      {"homophily=1.5", "homophily=1.5"},
      {"homophily=nan", "homophily=nan"},
      {"exponent=0", "exponent=0"},
      {"separation=inf", "separation=inf"},
      {"nodes=100,split=0.9/0.9/0", "exceed 1"},
  };
  for (const auto& [words, message] : table) {
    EXPECT_THAT(error_of<InputError>([&, &words = words] { load_dataset("sbm:" + words); }), HasSubstr(message))
        << words;
  }
}

}  // namespace
}  // namespace tersegraph
