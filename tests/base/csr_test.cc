#include "base/csr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "reference/dense_matrix.h"

namespace tersegraph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Csr random_csr(int64_t rows, int64_t cols, double density, bool weighted, uint64_t seed) {
  Random random(seed, Purpose::generator);
  Csr a;
  a.cols = cols;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      if (random.uniform() >= density) continue;
      a.indices.push_back(static_cast<int32_t>(j));
      if (weighted) a.values.push_back(static_cast<float>(random.normal()));
    }
    a.indptr.push_back(static_cast<int64_t>(a.indices.size()));
  }
  return a;
}

TEST(Csr, AnEmptyOneHasNoRows) {
  const Csr a;
  EXPECT_EQ(a.rows(), 0);
  EXPECT_EQ(a.nnz(), 0);
  EXPECT_EQ(a.view().nnz(), 0);
  EXPECT_EQ(CsrView().nnz(), 0);
}

TEST(Csr, EntriesWithoutValuesAreOne) {
  const Csr a{3, {0, 2, 2}, {0, 2}, {}};
  EXPECT_FALSE(a.weighted());
  EXPECT_EQ(a.view().values, nullptr);
  EXPECT_EQ(a.view().value(1), 1.0f);
  EXPECT_EQ(a.view().begin(1), a.view().end(1));
  EXPECT_EQ(a.bytes(), 3u * 8 + 2 * 4);
}

TEST(Transpose, OfASmallMatrixByHand) {
  const Csr t = transpose(Csr{3, {0, 2, 3}, {0, 2, 0}, {5, 6, 7}});
  EXPECT_EQ(t.cols, 2);
  EXPECT_THAT(t.indptr, ElementsAre(0, 2, 2, 3));
  EXPECT_THAT(t.indices, ElementsAre(0, 1, 0));
  EXPECT_THAT(t.values, ElementsAre(5, 7, 6));
}

TEST(Transpose, EqualsTheDenseTranspose) {
  for (const bool weighted : {false, true}) {
    for (uint64_t seed = 0; seed < 5; ++seed) {
      const Csr a = random_csr(23, 31, 0.2, weighted, seed);
      const Csr t = transpose(a);
      EXPECT_EQ(t.weighted(), weighted);
      EXPECT_EQ(reference::dense_of(t.view()).values, reference::transposed(reference::dense_of(a.view())).values);
    }
  }
}

TEST(Transpose, RowsAscendEvenWhereTheSourceDoesNot) {
  const Csr t = transpose(Csr{3, {0, 3, 6}, {2, 0, 1, 1, 2, 0}, {}});
  EXPECT_THAT(t.indices, ElementsAre(0, 1, 0, 1, 0, 1));
}

TEST(Transpose, OfNoRowsAndOfNoColumns) {
  EXPECT_THAT(transpose(Csr{4, {0}, {}, {}}).indptr, ElementsAre(0, 0, 0, 0, 0));
  const Csr t = transpose(Csr{0, {0, 0, 0}, {}, {}});
  EXPECT_EQ(t.rows(), 0);
  EXPECT_EQ(t.cols, 2);
  EXPECT_THAT(t.indices, IsEmpty());
}

}  // namespace
}  // namespace tersegraph
