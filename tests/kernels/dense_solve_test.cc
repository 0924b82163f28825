#include "kernels/dense_solve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/gemm.h"
#include "kernels/lu.h"

namespace tersegraph {
namespace {

Matrix random_matrix(int64_t rows, int64_t cols, uint64_t seed) {
  Random random(seed, Purpose::generator);
  Matrix x(rows, cols);
  for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.normal());
  return x;
}

/// x x^T / cols + ridge: well-conditioned.
Matrix spd(int64_t n, float ridge, uint64_t seed) {
  const Matrix x = random_matrix(n, n + 5, seed);
  Matrix a(n, n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = i == j ? ridge : 0.0;
      for (int64_t k = 0; k < x.cols(); ++k)
        sum += static_cast<double>(x(i, k)) * x(j, k) / static_cast<double>(x.cols());
      a(i, j) = static_cast<float>(sum);
    }
  }
  return a;
}

Matrix copy_of(const Matrix& a) {
  Matrix b(a.rows(), a.cols());
  std::memcpy(b.data(), a.data(), a.bytes());
  return b;
}

class CholeskySizes : public ::testing::TestWithParam<int64_t> {};

TEST_P(CholeskySizes, SolvesEveryRow) {
  const int64_t n = GetParam(), rows = 150;
  const Matrix a = spd(n, 0.5f, 1), expected = random_matrix(rows, n, 2);
  Matrix b(rows, n), factor = copy_of(a);
  gemm_reference(expected, a, b);
  Cholesky cholesky;
  cholesky.factor(factor);
  cholesky.solve_rows(b);
  double worst = 0.0;
  for (int64_t i = 0; i < b.size(); ++i) worst = std::max<double>(worst, std::abs(b.data()[i] - expected.data()[i]));
  EXPECT_LT(worst, 2e-4);
}

TEST_P(CholeskySizes, SolvesEveryColumn) {
  const int64_t n = GetParam(), cols = 150;
  const Matrix a = spd(n, 0.5f, 1), expected = random_matrix(n, cols, 2);
  Matrix b(n, cols), factor = copy_of(a);
  gemm_reference(a, expected, b);
  Cholesky cholesky;
  cholesky.factor(factor);
  cholesky.solve_columns(b);
  double worst = 0.0;
  for (int64_t i = 0; i < b.size(); ++i) worst = std::max<double>(worst, std::abs(b.data()[i] - expected.data()[i]));
  EXPECT_LT(worst, 2e-4);
}

INSTANTIATE_TEST_SUITE_P(Orders, CholeskySizes, ::testing::Values(1, 7, 31, 32, 33, 64, 65, 100, 129, 257));

TEST_P(CholeskySizes, LuSolvesEveryRow) {
  const int64_t n = GetParam(), rows = 150;
  Matrix a = random_matrix(n, n, 6), b(rows, n);
  for (int64_t i = 0; i < n; ++i)
    a(i, n - 1 - i) += 3.0f * std::sqrt(static_cast<float>(n));  // large off the diagonal: pivots move
  const Matrix expected = random_matrix(rows, n, 2);
  gemm_reference(expected, a, b);
  Lu lu;
  lu.factor(a);
  lu.solve_rows(b);
  double worst = 0.0;
  for (int64_t i = 0; i < b.size(); ++i) worst = std::max<double>(worst, std::abs(b.data()[i] - expected.data()[i]));
  EXPECT_LT(worst, 2e-4);
}

TEST(Cholesky, BitsDoNotDependOnThreads) {
  const Matrix a = spd(200, 0.1f, 3);
  Matrix solved[2];
  for (int threads : {1, 2}) {
    set_thread_count(threads);
    Matrix factor = copy_of(a);
    solved[threads - 1] = random_matrix(300, 200, 4);
    Cholesky cholesky;
    cholesky.factor(factor);
    cholesky.solve_rows(solved[threads - 1]);
  }
  EXPECT_EQ(std::memcmp(solved[0].data(), solved[1].data(), solved[0].bytes()), 0);
}

TEST(Cholesky, LivesWithASingularMatrix) {
  Matrix a(70, 70);
  a.fill(1.0f);  // rank one
  Cholesky cholesky;
  cholesky.factor(a);
  Matrix b(2, 70);
  b.fill(1.0f);
  cholesky.solve_rows(b);
  double sum = 0.0;
  for (int64_t j = 0; j < 70; ++j) sum += b(0, j);
  EXPECT_NEAR(sum, 1.0, 1e-3);  // a x = 1 says that x sums to 1
}

TEST(Gram, LowerTriangleOfBothKinds) {
  const Matrix x = random_matrix(140, 37, 5);
  Matrix rows(140, 140), columns(37, 37);
  gram_rows(x, rows);
  gram_columns(x, columns);
  for (int64_t i = 0; i < 140; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      double sum = 0.0;
      for (int64_t k = 0; k < 37; ++k) sum += static_cast<double>(x(i, k)) * x(j, k);
      ASSERT_NEAR(rows(i, j), sum, 1e-4);
    }
  }
  for (int64_t i = 0; i < 37; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      double sum = 0.0;
      for (int64_t k = 0; k < 140; ++k) sum += static_cast<double>(x(k, i)) * x(k, j);
      ASSERT_NEAR(columns(i, j), sum, 1e-4);
    }
  }
}

}  // namespace
}  // namespace tersegraph
