#include "data/split.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

// No edges; node v has class v % 4, and every tenth node has none.
Dataset labelled_nodes(int64_t nodes) {
  Dataset dataset;
  dataset.name = "made";
  dataset.graph.adjacency.cols = nodes;
  dataset.graph.adjacency.indptr.assign(nodes + 1, 0);
  dataset.labels.outputs = 4;
  for (int64_t v = 0; v < nodes; ++v) dataset.labels.classes.push_back(v % 10 == 9 ? -1 : static_cast<int32_t>(v % 4));
  return dataset;
}

void expect_disjoint_ascending_labelled(const Dataset& dataset, const Split& split) {
  std::set<int64_t> all;
  for (const auto* set : {&split.train, &split.val, &split.test}) {
    EXPECT_TRUE(std::is_sorted(set->begin(), set->end()));
    all.insert(set->begin(), set->end());
    for (const int64_t v : *set) EXPECT_TRUE(dataset.labels.labelled(v));
  }
  EXPECT_EQ(all.size(), split.train.size() + split.val.size() + split.test.size());
}

TEST(Split, SharesOfTheLabelledNodes) {
  const Dataset dataset = labelled_nodes(1000);
  const Split split = choose_split(dataset, "0.6,0.3,0.1", 0, 7);
  EXPECT_EQ(split.train.size(), 540u);
  EXPECT_EQ(split.val.size(), 270u);
  EXPECT_EQ(split.test.size(), 90u);
  expect_disjoint_ascending_labelled(dataset, split);
  EXPECT_EQ(choose_split(dataset, "0.6,0.3,0.1", 0, 7).train, split.train);
  EXPECT_NE(choose_split(dataset, "0.6,0.3,0.1", 0, 8).train, split.train);
  EXPECT_EQ(choose_split(dataset, "0.1,0,0.5", 0, 7).val.size(), 0u);
}

TEST(Split, EveryNodeIsDrawnEquallyOften) {
  const Dataset dataset = labelled_nodes(8);
  std::vector<int> drawn(8, 0);
  constexpr int kDraws = 4000;
  for (int seed = 0; seed < kDraws; ++seed) {
    for (const int64_t v : choose_split(dataset, "0.25,0.25,0.5", 0, static_cast<uint64_t>(seed)).train) ++drawn[v];
  }
  // 1000 expected; the standard deviation is 27.
  for (const int count : drawn) EXPECT_NEAR(count, kDraws / 4, 150);
}

TEST(Split, PerClassCountsThenTheRest) {
  const Dataset dataset = labelled_nodes(1000);
  const Split split = choose_split(dataset, "per-class:20,100,300", 0, 7);
  std::vector<int> of_class(4, 0);
  for (const int64_t v : split.train) ++of_class[dataset.labels.classes[v]];
  EXPECT_THAT(of_class, ElementsAre(20, 20, 20, 20));
  EXPECT_EQ(split.val.size(), 100u);
  EXPECT_EQ(split.test.size(), 300u);
  expect_disjoint_ascending_labelled(dataset, split);
}

TEST(Split, PublicOnes) {
  Dataset dataset = labelled_nodes(8);
  dataset.splits = {{{0, 1}, {2}, {3}}, {{5}, {6}, {}}};
  EXPECT_THAT(choose_split(dataset, "", 0, 1).train, ElementsAre(0, 1));
  EXPECT_THAT(choose_split(dataset, "public", 1, 1).train, ElementsAre(5));
}

TEST(Split, MistakesAreInputErrors) {
  Dataset dataset = labelled_nodes(100);
  const auto error = [&](const std::string& spec, int index = 0) {
    return error_of<InputError>([&] { choose_split(dataset, spec, index, 1); });
  };
  EXPECT_THAT(error(""), HasSubstr("comes without a split"));
  dataset.splits = {{{0, 1}, {1}, {3}}, {{}, {1}, {}}};
  EXPECT_THAT(error("public"), HasSubstr("must not overlap"));
  EXPECT_THAT(error("public", 1), HasSubstr("no training node"));
  EXPECT_THAT(error("public", 2), HasSubstr("splits 0..1, no split 2"));
  EXPECT_THAT(error("public", -1), HasSubstr("no split -1"));
  EXPECT_THAT(error("0.6,0.2,0.3"), HasSubstr("exceed 1"));
  EXPECT_THAT(error("0,0.5,0.5"), HasSubstr("no training node"));
  EXPECT_THAT(error("0.6,0.2"), HasSubstr("three numbers"));
  EXPECT_THAT(error("0.1,0.1,0.1,0.1"), HasSubstr("three numbers"));
  EXPECT_THAT(error("0.6,-0.2,0.2"), HasSubstr("'-0.2'"));
  EXPECT_THAT(error("0.6,nan,0.2"), HasSubstr("'nan'"));
  EXPECT_THAT(error("inf,0,0"), HasSubstr("exceed 1"));
  EXPECT_THAT(error("0.6,0.2,"), HasSubstr("''"));
  EXPECT_THAT(error("half"), HasSubstr("'half'"));
  EXPECT_THAT(error("per-class:20"), HasSubstr("three numbers"));
  EXPECT_THAT(error("per-class:2.5,1,1"), HasSubstr("'2.5'"));
  EXPECT_THAT(error("per-class:30,1,1"), HasSubstr("class 0 has 25 labelled nodes"));
  EXPECT_THAT(error("per-class:10,40,11"), HasSubstr("50 nodes remain"));
  EXPECT_THAT(error("per-class:10,9223372036854775807,9223372036854775807"), HasSubstr("50 nodes remain"));
  EXPECT_THAT(error("per-class:0,1,1"), HasSubstr("no training node"));
  dataset.labels = {};
  EXPECT_THAT(error("0.6,0.2,0.2"), HasSubstr("no labels"));
  dataset.labels.task = Task::regression;
  EXPECT_THAT(error("per-class:1,1,1"), HasSubstr("one class each"));
}

}  // namespace
}  // namespace tersegraph
