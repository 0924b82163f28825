#include "base/matrix.h"

#include <gtest/gtest.h>

#include <utility>

namespace tersegraph {
namespace {

TEST(Matrix, IsRowMajorWithoutGaps) {
  Matrix a(3, 5);
  for (int64_t k = 0; k < a.size(); ++k) a.data()[k] = static_cast<float>(k);
  EXPECT_EQ(a(2, 1), 11.0f);
  EXPECT_EQ(a.row(1)[4], 9.0f);
  const ConstMatrixView view = a;
  EXPECT_EQ(view(2, 4), 14.0f);
  EXPECT_EQ(view.row(2), a.data() + 10);
  EXPECT_EQ(a.bytes(), 60u);
}

TEST(Matrix, ReshapingKeepsTheBlock) {
  Matrix a(100, 10);
  a.fill(3);
  float* const block = a.data();
  a.reshape(10, 100);
  EXPECT_EQ(a(9, 99), 3.0f);
  a.reshape(2, 3);
  EXPECT_EQ(a.size(), 6);
  a.reshape(100, 10);
  EXPECT_EQ(a.data(), block);
}

TEST(Matrix, FillReachesTheLastElementOnly) {
  Matrix a(4, 4);
  a.fill(1);
  a.reshape(2, 3);
  a.fill(2);
  EXPECT_EQ(a.data()[5], 2.0f);
  EXPECT_EQ(a.data()[6], 1.0f);
}

TEST(Matrix, ViewsWriteThrough) {
  Matrix a(2, 2);
  a.fill(0);
  const MatrixView view = a;
  view(1, 0) = 8;
  EXPECT_EQ(a(1, 0), 8.0f);
}

TEST(Matrix, MovingTakesShapeAndValuesAlong) {
  Matrix a(2, 3);
  a.fill(4);
  const Matrix b = std::move(a);
  EXPECT_EQ(b.rows(), 2);
  EXPECT_EQ(b.cols(), 3);
  EXPECT_EQ(b(1, 2), 4.0f);
}

TEST(Matrix, MayHaveNoRowsOrNoColumns) {
  EXPECT_TRUE(Matrix().empty());
  EXPECT_TRUE(Matrix(0, 7).empty());
  Matrix a(5, 0);
  a.fill(1);
  EXPECT_EQ(a.rows(), 5);
  EXPECT_TRUE(a.empty());
}

}  // namespace
}  // namespace tersegraph
