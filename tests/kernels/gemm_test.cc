#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/parallel.h"
#include "kernels/test_matrices.h"

namespace tersegraph {
namespace {

struct Shape {
  int64_t n, k, m;
};

constexpr Shape kShapes[] = {{1, 1, 1},      {3, 5, 7},     {64, 64, 64},  {65, 17, 3},
                             {100, 300, 41}, {700, 33, 40}, {1030, 7, 16}, {2708, 143, 16},
                             {3000, 16, 7},  {5000, 40, 9}, {33, 1433, 16}};

Matrix transposed(const Matrix& a) {
  Matrix t(a.cols(), a.rows());
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t j = 0; j < a.cols(); ++j) t(j, i) = a(i, j);
  }
  return t;
}

/// The reference, its magnitude sum |a||b|, and a start value to accumulate on.
struct Expected {
  Matrix product, magnitude, start;
};

Expected expected_of(const Matrix& a, const Matrix& b) {
  Expected e{Matrix(a.rows(), b.cols()), Matrix(a.rows(), b.cols()), random_matrix(a.rows(), b.cols(), 77)};
  gemm_reference(a, b, e.product);
  gemm_reference(absolute(a), absolute(b), e.magnitude);
  return e;
}

/// Runs `multiply(c, write)` both ways and compares.
template <class Multiply>
void check(const Expected& e, Multiply multiply) {
  Matrix c(e.product.rows(), e.product.cols());
  c.fill(std::numeric_limits<float>::quiet_NaN());
  multiply(c, Write::overwrite);
  for (int64_t k = 0; k < c.size(); ++k) {
    ASSERT_NEAR(c.data()[k], e.product.data()[k], 2e-6 * e.magnitude.data()[k]) << "element " << k;
  }
  c = copy_of(e.start);
  multiply(c, Write::accumulate);
  for (int64_t k = 0; k < c.size(); ++k) {
    const float start = e.start.data()[k];
    ASSERT_NEAR(c.data()[k], e.product.data()[k] + start, 2e-6 * (e.magnitude.data()[k] + std::fabs(start))) << k;
  }
}

TEST(Gemm, EqualsTheReference) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(testing::Message() << s.n << " x " << s.k << " x " << s.m);
    const Matrix a = random_matrix(s.n, s.k, 1), b = random_matrix(s.k, s.m, 2);
    const Matrix a_transposed = transposed(a), b_transposed = transposed(b);
    const Expected expected = expected_of(a, b);
    check(expected, [&](Matrix& c, Write write) { gemm(a, b, c, write); });
    check(expected, [&](Matrix& c, Write write) { gemm_transposed_b(a, b_transposed, c, write); });
    GemmWorkspace workspace;
    check(expected, [&](Matrix& c, Write write) { gemm_transposed_a(a_transposed, b, c, workspace, write); });
  }
}

TEST(Gemm, LongTransposedSumsEqualTheReference) {
  const Matrix a = random_matrix(20'011, 13, 3), b = random_matrix(20'011, 5, 4);
  const Expected expected = expected_of(transposed(a), b);
  GemmWorkspace workspace;
  check(expected, [&](Matrix& c, Write write) { gemm_transposed_a(a, b, c, workspace, write); });
  EXPECT_LE(workspace.partial.rows(), 32);
}

TEST(Gemm, AnEmptyInnerDimensionGivesZeroOrKeeps) {
  GemmWorkspace workspace;
  const Matrix a(3, 0), b(0, 4);
  Matrix c = random_matrix(3, 4, 5);
  const Matrix before = copy_of(c);
  gemm(a, b, c, Write::accumulate);
  gemm_transposed_b(a, Matrix(4, 0), c, Write::accumulate);
  gemm_transposed_a(Matrix(0, 3), b, c, workspace, Write::accumulate);
  EXPECT_EQ(std::memcmp(c.data(), before.data(), c.bytes()), 0);
  gemm(a, b, c);
  for (int64_t k = 0; k < c.size(); ++k) EXPECT_EQ(c.data()[k], 0.0f);
  c = copy_of(before);
  gemm_transposed_a(Matrix(0, 3), b, c, workspace);
  for (int64_t k = 0; k < c.size(); ++k) EXPECT_EQ(c.data()[k], 0.0f);
}

TEST(Gemm, EmptyResults) {
  GemmWorkspace workspace;
  Matrix no_rows(0, 4), no_cols(3, 0);
  gemm(Matrix(0, 5), random_matrix(5, 4, 1), no_rows);
  gemm(random_matrix(3, 5, 1), Matrix(5, 0), no_cols);
  gemm_transposed_b(random_matrix(3, 5, 1), Matrix(0, 5), no_cols);
  gemm_transposed_a(Matrix(9, 0), random_matrix(9, 4, 1), no_rows, workspace);
}

TEST(Gemm, ThreadCountDoesNotChangeABit) {
  const int threads = thread_count();
  GemmWorkspace workspace;
  for (const Shape& s : {Shape{5000, 60, 40}, {2708, 1433, 16}, {300, 500, 200}, {50, 900, 300}, {10'000, 16, 7}}) {
    SCOPED_TRACE(testing::Message() << s.n << " x " << s.k << " x " << s.m);
    const Matrix a = random_matrix(s.n, s.k, 1), b = random_matrix(s.k, s.m, 2), b_transposed = transposed(b);
    const Matrix g = random_matrix(s.n, s.m, 3);
    Matrix results[3][3];
    for (int t = 0; t < 3; ++t) {
      set_thread_count(t + 1);
      results[t][0] = Matrix(s.n, s.m);
      results[t][1] = Matrix(s.n, s.m);
      results[t][2] = Matrix(s.k, s.m);
      gemm(a, b, results[t][0]);
      gemm_transposed_b(a, b_transposed, results[t][1]);
      gemm_transposed_a(a, g, results[t][2], workspace);
      EXPECT_EQ(thread_count(), t + 1);
      for (int what = 0; what < 3; ++what) {
        EXPECT_EQ(std::memcmp(results[0][what].data(), results[t][what].data(), results[0][what].bytes()), 0)
            << "product " << what << " with " << t + 1 << " threads";
      }
    }
  }
  set_thread_count(threads);
}

}  // namespace
}  // namespace tersegraph
