#include "admm/reduced_basis.h"

#include <gtest/gtest.h>

#include <cmath>

#include "admm/mlp.h"
#include "admm/random_layer.h"
#include "kernels/gemm.h"

namespace tersegraph {
namespace {

using testing::random_matrix;

Matrix product(ConstMatrixView a, ConstMatrixView b) {
  Matrix c(a.rows, b.cols);
  gemm_reference(a, b, c);
  return c;
}

void expect_close(ConstMatrixView a, ConstMatrixView b, double tolerance) {
  ASSERT_EQ(a.rows, b.rows);
  ASSERT_EQ(a.cols, b.cols);
  for (int64_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a.data[i], b.data[i], tolerance) << "element " << i;
}

TEST(ReducedBasis, IsOrthonormalAndSpansTheRows) {
  Matrix x = random_matrix(70, 200, 1);
  for (int64_t j = 0; j < 200; ++j) {
    x(5, j) = 0.0f;
    x(40, j) = x(3, j) - 2.0f * x(17, j);  // adds nothing
  }
  const ReducedBasis basis(x);
  EXPECT_EQ(basis.q().rows(), 68);
  const Matrix reduced = basis.reduce(x);
  expect_close(product(reduced, basis.q()), x, 2e-4);
  for (int64_t i = 0; i < 68; ++i) {
    for (int64_t j = 0; j < 68; ++j) {
      double sum = 0.0;
      for (int64_t k = 0; k < 200; ++k) sum += static_cast<double>(basis.q()(i, k)) * basis.q()(j, k);
      ASSERT_NEAR(sum, i == j, 1e-5);
    }
  }
}

TEST(ReducedBasis, GivesTheForwardOutputsOfTheFullWeights) {
  const Matrix x = random_matrix(30, 100, 2), others = random_matrix(50, 100, 3);
  const ReducedBasis basis(x);
  Mlp small, full;
  for (Mlp* mlp : {&small, &full}) {
    mlp->w.push_back(mlp == &small ? random_matrix(30, 8, 4) : basis.expand(small.w[0]));
    mlp->w.push_back(random_matrix(8, 3, 5));
    mlp->b.push_back(random_matrix(1, 8, 6));
    mlp->b.push_back(random_matrix(1, 3, 7));
  }
  MlpWorkspace workspace[2];
  expect_close(forward(small, basis.reduce(others), workspace[0]), forward(full, others, workspace[1]), 1e-3);
  Matrix h(50, 8);
  gemm(others, full.w[0], h);
  expect_close(forward_from(full, h, workspace[0]), forward(full, others, workspace[1]), 1e-4);
}

}  // namespace
}  // namespace tersegraph
