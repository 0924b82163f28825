#include "graph/generators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "graph/pattern.h"

namespace tersegraph {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

double share_within_classes(const SbmGraph& sbm) {
  const CsrView a = sbm.graph.adjacency;
  int64_t within = 0;
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e) within += sbm.classes[i] == sbm.classes[a.indices[e]];
  }
  return static_cast<double>(within) / static_cast<double>(a.nnz());
}

void expect_simple(const SbmGraph& sbm, const SbmSpec& spec) {
  EXPECT_EQ(sbm.graph.nodes(), spec.nodes);
  EXPECT_EQ(sbm.graph.edges(), 2 * spec.edges);
  EXPECT_FALSE(sbm.graph.directed);
  // Symmetric, ascending, without loops and duplicates: nothing had to be copied to make it so.
  EXPECT_EQ(UndirectedPattern(sbm.graph.adjacency).view().indices, sbm.graph.adjacency.indices.data());
}

SbmGraph generate_on(int threads, const SbmSpec& spec) {
  const int before = thread_count();
  set_thread_count(threads);
  SbmGraph sbm = generate_sbm(spec);
  set_thread_count(before);
  return sbm;
}

TEST(GenerateSbm, HasExactlyTheEdgesAskedFor) {
  for (const SbmSpec& spec :
       {SbmSpec{}, SbmSpec{.nodes = 1000, .edges = 30000, .classes = 3},
        SbmSpec{.nodes = 50, .edges = 600, .classes = 2}, SbmSpec{.nodes = 10, .edges = 0, .classes = 1},
        SbmSpec{.nodes = 1, .edges = 0, .classes = 1}}) {
    expect_simple(generate_sbm(spec), spec);
  }
}

TEST(GenerateSbm, ReachesTheCompleteGraph) {
  const SbmSpec spec{.nodes = 12, .edges = 66, .classes = 2, .homophily = 0.5, .exponent = 8};
  expect_simple(generate_sbm(spec), spec);
}

TEST(GenerateSbm, HasTheHomophilyAskedFor) {
  for (const double homophily : {0.0, 0.2, 0.6, 0.9, 1.0}) {
    const SbmGraph sbm = generate_sbm({.nodes = 20000, .edges = 100000, .classes = 8, .homophily = homophily});
    EXPECT_NEAR(share_within_classes(sbm), homophily, 0.02);
  }
}

TEST(GenerateSbm, IsTheSameOnAnyNumberOfThreads) {
  const SbmSpec spec{.nodes = 3000, .edges = 60000, .classes = 5};
  const SbmGraph one = generate_on(1, spec), two = generate_on(2, spec), four = generate_on(4, spec);
  for (const SbmGraph* other : {&two, &four}) {
    EXPECT_EQ(one.classes, other->classes);
    EXPECT_EQ(one.graph.adjacency.indptr, other->graph.adjacency.indptr);
    EXPECT_EQ(one.graph.adjacency.indices, other->graph.adjacency.indices);
  }
}

TEST(GenerateSbm, SeedsGiveDifferentGraphs) {
  const SbmGraph first = generate_sbm({.seed = 1}), second = generate_sbm({.seed = 2});
  EXPECT_NE(first.classes, second.classes);
  EXPECT_NE(first.graph.adjacency.indices, second.graph.adjacency.indices);
}

TEST(GenerateSbm, ClassesAreEven) {
  const SbmGraph sbm = generate_sbm({.nodes = 80000, .edges = 1000, .classes = 8});
  for (int32_t c = 0; c < 8; ++c) {
    EXPECT_NEAR(std::count(sbm.classes.begin(), sbm.classes.end(), c), 10000, 5 * 94);
  }
}

TEST(GenerateSbm, DegreesHaveAHeavyTail) {
  const SbmGraph sbm = generate_sbm({.nodes = 100000, .edges = 1000000, .classes = 4});
  const std::vector<int64_t>& indptr = sbm.graph.adjacency.indptr;
  std::vector<int64_t> degrees;
  for (size_t i = 1; i < indptr.size(); ++i) degrees.push_back(indptr[i] - indptr[i - 1]);
  std::sort(degrees.begin(), degrees.end());
  const auto above = [&](int64_t degree) {
    return static_cast<double>(degrees.end() - std::upper_bound(degrees.begin(), degrees.end(), degree));
  };
  // Mean 20; of a Pareto tail P(degree > x) ~ x^-1.8, so four times the degree is 12 times rarer. A Poisson tail would
  // be empty.
  EXPECT_GT(degrees.back(), 500);
  EXPECT_NEAR(above(60) / above(240), 12.1, 2.5);
}

TEST(GenerateSbm, RefusesWhatCannotBe) {
  const auto generating = [](const SbmSpec& spec) { return [spec] { generate_sbm(spec); }; };
  EXPECT_THAT(generating({.nodes = 10, .edges = 46, .classes = 1}),
              ThrowsMessage<InputError>(HasSubstr("edges=46 is more than the 45 pairs")));
  EXPECT_THROW(generating({.nodes = 0})(), InputError);
  EXPECT_THROW(generating({.nodes = int64_t{1} << 31})(), InputError);
  EXPECT_THROW(generating({.nodes = 4, .classes = 5})(), InputError);
  EXPECT_THROW(generating({.classes = 0})(), InputError);
  EXPECT_THROW(generating({.edges = -1})(), InputError);
  EXPECT_THROW(generating({.homophily = 1.5})(), InputError);
  EXPECT_THROW(generating({.homophily = std::nan("")})(), InputError);
  EXPECT_THROW(generating({.exponent = 0})(), InputError);
  EXPECT_THROW(generating({.nodes = 100, .edges = 4000, .classes = 10, .homophily = 1})(), InputError);
}

TEST(GenerateSbm, GivesUpWhereTheLastPairsAreTooRare) {
  // All 4950 pairs, but the rarest lie between nodes whose weights are thousands of times smaller than others'.
  EXPECT_THAT(([] { generate_sbm({.nodes = 100, .edges = 4950, .classes = 2, .homophily = 0.999, .exponent = 0.2}); }),
              ThrowsMessage<InputError>(HasSubstr("ask for fewer edges")));
}

}  // namespace
}  // namespace tersegraph
