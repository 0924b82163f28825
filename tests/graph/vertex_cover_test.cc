#include "graph/vertex_cover.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <set>
#include <utility>

#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

/// `edges` random entries, duplicates among them.
Csr random_bipartite(int64_t left, int64_t right, int64_t edges, uint64_t seed) {
  Random random = reference::numbers(seed);
  std::vector<std::pair<int64_t, int32_t>> entries;
  for (int64_t e = 0; e < edges; ++e) {
    entries.emplace_back(random.below(left), static_cast<int32_t>(random.below(right)));
  }
  std::sort(entries.begin(), entries.end());
  Csr a;
  a.cols = right;
  a.indptr.assign(left + 1, 0);
  for (const auto& [i, j] : entries) {
    ++a.indptr[i + 1];
    a.indices.push_back(j);
  }
  std::partial_sum(a.indptr.begin(), a.indptr.end(), a.indptr.begin());
  return a;
}

/// Of all 2^(left + right) sets of vertices: the size of the smallest covers, and the left vertices in any of them.
std::pair<int, uint32_t> smallest_covers(const Csr& a) {
  const auto left = static_cast<int>(a.rows());
  int least = 64;
  uint32_t seen = 0;
  for (uint32_t set = 0; set < 1u << (left + a.cols); ++set) {
    bool covers = true;
    for (int64_t i = 0; i < left && covers; ++i) {
      for (int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e) {
        covers &= (set >> i & 1) != 0 || (set >> (left + a.indices[e]) & 1) != 0;
      }
    }
    if (!covers || std::popcount(set) > least) continue;
    if (std::popcount(set) < least) seen = 0;
    least = std::popcount(set);
    seen |= set & ((1u << left) - 1);
  }
  return {least, seen};
}

void expect_covers(const VertexCover& cover, const Csr& a) {
  ASSERT_EQ(std::ssize(cover.left), a.rows());
  ASSERT_EQ(std::ssize(cover.right), a.cols);
  int64_t uncovered = 0;
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e) uncovered += !cover.left[i] && !cover.right[a.indices[e]];
  }
  EXPECT_EQ(uncovered, 0);
}

/// The number of edges of a matching, which is checked to be one. A cover cannot be smaller than any matching.
int64_t matched(const std::vector<int32_t>& mate, const Csr& a) {
  std::set<int32_t> used;
  for (int64_t i = 0; i < a.rows(); ++i) {
    if (mate[i] < 0) continue;
    const auto first = a.indices.begin() + a.indptr[i], last = a.indices.begin() + a.indptr[i + 1];
    EXPECT_NE(std::find(first, last, mate[i]), last) << "no such edge";
    EXPECT_TRUE(used.insert(mate[i]).second) << "two partners";
  }
  return std::ssize(used);
}

TEST(VertexCover, IsTheSmallestWithTheMostLeftVerticesOfAllSets) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const auto left = 1 + static_cast<int64_t>(seed % 7), right = 1 + static_cast<int64_t>(seed / 7 % 6);
    const Csr a = random_bipartite(left, right, static_cast<int64_t>(seed % 17), seed);
    const VertexCover cover = minimum_vertex_cover(a);
    const auto [least, left_of_any] = smallest_covers(a);
    expect_covers(cover, a);
    EXPECT_EQ(cover.size(), least) << seed;
    for (int64_t i = 0; i < left; ++i) EXPECT_EQ(cover.left[i], left_of_any >> i & 1) << seed;
  }
}

TEST(VertexCover, IsAsLargeAsTheMatchingOnLargeGraphs) {
  for (const int64_t edges : {1000, 20000, 40000, 100000}) {
    const Csr a = random_bipartite(20000, 15000, edges, static_cast<uint64_t>(edges));
    const VertexCover cover = minimum_vertex_cover(a);
    expect_covers(cover, a);
    EXPECT_EQ(cover.size(), matched(maximum_matching(a), a)) << edges;
  }
}

TEST(VertexCover, DoesNotDependOnTheOrderOfTheEntries) {
  const Csr a = random_bipartite(3000, 3000, 9000, 1);
  Csr reversed = a;
  for (int64_t i = 0; i < a.rows(); ++i) {
    std::reverse(reversed.indices.begin() + a.indptr[i], reversed.indices.begin() + a.indptr[i + 1]);
  }
  EXPECT_NE(maximum_matching(a), maximum_matching(reversed)) << "the test shows nothing";
  const VertexCover one = minimum_vertex_cover(a), other = minimum_vertex_cover(reversed);
  EXPECT_EQ(one.left, other.left);
  EXPECT_EQ(one.right, other.right);
}

/// Left vertex i has the right ones i - 1 and i, but 0 has the last one and the last has no other. Doubled edges hide
/// the ends, so that matching by degrees takes i with i and leaves the last one a path through all vertices.
TEST(VertexCover, FollowsPathsAsLongAsTheGraph) {
  constexpr int32_t kLeft = 300000, kLast = kLeft - 1;
  Csr a;
  a.cols = kLeft;
  for (int32_t i = 0; i < kLeft; ++i) {
    for (int copy = 0; i > 0 && copy < (i == kLast ? 2 : 1); ++copy) a.indices.push_back(i - 1);
    if (i < kLast) a.indices.push_back(i);
    for (int copy = 0; i == 0 && copy < 2; ++copy) a.indices.push_back(kLast);
    a.indptr.push_back(std::ssize(a.indices));
  }
  EXPECT_EQ(matched(maximum_matching(a), a), kLeft);
  EXPECT_EQ(minimum_vertex_cover(a).size(), kLeft);
}

TEST(VertexCover, OfNothingIsEmpty) {
  EXPECT_EQ(minimum_vertex_cover(Csr{}).size(), 0);
  EXPECT_EQ(minimum_vertex_cover(Csr{3, {0, 0, 0}, {}, {}}).size(), 0);
}

TEST(VertexCover, OfStarsIsTheirCentres) {
  const VertexCover to_many = minimum_vertex_cover(Csr{5, {0, 5}, {0, 1, 2, 3, 4}, {}});
  EXPECT_EQ(to_many.left, std::vector<uint8_t>{1});
  EXPECT_EQ(to_many.size(), 1);
  const VertexCover from_many = minimum_vertex_cover(Csr{1, {0, 1, 2, 3}, {0, 0, 0}, {}});
  EXPECT_EQ(from_many.right, std::vector<uint8_t>{1});
  EXPECT_EQ(from_many.size(), 1);
}

}  // namespace
}  // namespace tersegraph
