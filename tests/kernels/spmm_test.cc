#include "kernels/spmm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/targets.h"
#include "kernels/test_matrices.h"

namespace tersegraph {
namespace {

constexpr int64_t kShapes[] = {1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 40, 41, 64, 100, 255, 256, 257, 300, 602};

/// |y - expected| <= 1e-5 * sum_j |a_ij x_jc|: what fp32 sums in any order keep.
void expect_close(const Matrix& y, const Matrix& expected, const Matrix& magnitude) {
  for (int64_t k = 0; k < y.size(); ++k) {
    ASSERT_LE(std::fabs(y.data()[k] - expected.data()[k]), 1e-5f * magnitude.data()[k] + 1e-30f) << "element " << k;
  }
}

void compare(const Csr& a, int64_t cols, Write write) {
  const Matrix x = random_matrix(a.cols, cols, 11);
  Matrix y = random_matrix(a.rows(), cols, 12), expected = copy_of(y), magnitude = absolute(y);
  Csr absolute_a = a;
  for (float& value : absolute_a.values) value = std::fabs(value);
  spmm_reference(a, x, expected, write);
  spmm_reference(absolute_a, absolute(x), magnitude, Write::accumulate);
  spmm(a, x, y, write);
  expect_close(y, expected, magnitude);
}

TEST(Spmm, EqualsTheReferenceAtEveryWidthOnEveryTarget) {
  const Csr weighted = random_csr(150, 90, 6, /*weighted=*/true, 1),
            ones = random_csr(70, 90, 9, /*weighted=*/false, 2);
  for_each_target([&] {
    for (int64_t cols : kShapes) {
      SCOPED_TRACE(cols);
      compare(weighted, cols, Write::overwrite);
      compare(weighted, cols, Write::accumulate);
      compare(ones, cols, Write::overwrite);
      compare(ones, cols, Write::accumulate);
    }
  });
}

TEST(Spmm, EmptyRowsAreZeroOrKept) {
  Csr a;
  a.cols = 4;
  a.indptr.assign(11, 0);
  const Matrix x = random_matrix(4, 19, 3);
  Matrix y = random_matrix(10, 19, 4);
  const Matrix before = copy_of(y);
  spmm(a, x, y, Write::accumulate);
  EXPECT_EQ(std::memcmp(y.data(), before.data(), y.bytes()), 0);
  spmm(a, x, y, Write::overwrite);
  for (int64_t k = 0; k < y.size(); ++k) EXPECT_EQ(y.data()[k], 0.0f);
}

TEST(Spmm, NothingToDo) {
  const Csr none;
  spmm(none, ConstMatrixView{nullptr, 0, 5}, MatrixView{nullptr, 0, 5});
  const Csr a = random_csr(3, 4, 2, true, 1);
  spmm(a, ConstMatrixView{nullptr, 4, 0}, MatrixView{nullptr, 3, 0});
}

TEST(Spmm, ThreadCountDoesNotChangeABit) {
  const Csr a = random_csr(3000, 2000, 8, true, 5);
  const int threads = thread_count();
  for (int64_t cols : {5, 40, 256, 700}) {  // the last is large enough to be streamed
    const Matrix x = random_matrix(a.cols, cols, 6);
    Matrix one(a.rows(), cols), many(a.rows(), cols);
    set_thread_count(1);
    spmm(a, x, one);
    for (int count : {2, 3}) {
      set_thread_count(count);
      spmm(a, x, many);
      EXPECT_EQ(std::memcmp(one.data(), many.data(), one.bytes()), 0) << cols << " columns, " << count << " threads";
    }
  }
  set_thread_count(threads);
}

TEST(Spmm, StreamedRowsEqualTheReference) {
  const Csr a = random_csr(9000, 500, 3, true, 7);
  const Matrix x = random_matrix(500, 256, 8);
  Matrix y(a.rows(), 256), expected(a.rows(), 256);
  ASSERT_GE(y.bytes(), size_t{8} << 20);
  spmm_reference(a, x, expected);
  for_each_target([&] {
    y.fill(-1.0f);
    spmm(a, x, y);
    for (int64_t k = 0; k < y.size(); ++k) ASSERT_NEAR(y.data()[k], expected.data()[k], 1e-4f);
  });
}

TEST(Spmm, SomeRowsAlone) {
  const Csr a = random_csr(50, 40, 5, true, 9);
  const Matrix x = random_matrix(40, 33, 10);
  Matrix all(50, 33), some(7, 33);
  spmm(a, x, all);
  spmm_rows(a, x, 20, 27, some.data());
  EXPECT_EQ(std::memcmp(all.row(20), some.data(), some.bytes()), 0);
}

}  // namespace
}  // namespace tersegraph
