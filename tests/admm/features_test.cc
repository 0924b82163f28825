#include <gtest/gtest.h>

#include <cmath>

#include "admm/augmented_features.h"
#include "admm/mlp.h"
#include "admm/random_layer.h"
#include "admm/reduced_basis.h"
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

Graph ring(int64_t nodes) {
  std::vector<Edge> edges;
  for (int64_t v = 0; v < nodes; ++v)
    edges.emplace_back(v, (v + 1) % nodes), edges.emplace_back(v, (v * v + 3) % nodes);
  return build_graph(nodes, edges, {}, {});
}

Matrix dense_of(const Csr& a) {
  Matrix x(a.rows(), a.cols);
  x.fill(0.0f);
  for (int64_t i = 0; i < a.rows(); ++i) {
    for (int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e) x(i, a.indices[e]) = a.weighted() ? a.values[e] : 1.0f;
  }
  return x;
}

Csr sparse_of(const Matrix& x) {
  Csr a;
  a.cols = x.cols();
  for (int64_t i = 0; i < x.rows(); ++i) {
    for (int64_t j = 0; j < x.cols(); ++j) {
      if (x(i, j) > 0.3f) a.indices.push_back(static_cast<int32_t>(j)), a.values.push_back(x(i, j));
    }
    a.indptr.push_back(static_cast<int64_t>(a.indices.size()));
  }
  return a;
}

class Operators : public ::testing::TestWithParam<Normalisation> {};
INSTANTIATE_TEST_SUITE_P(All, Operators,
                         ::testing::Values(Normalisation::symmetric, Normalisation::random_walk, Normalisation::none));

TEST_P(Operators, RowsAndProductsAreThoseOfTheDenseMatrix) {
  const int64_t nodes = 60, width = 9;
  const Graph graph = ring(nodes);
  const Matrix a = dense_of(aggregation_operator(graph, GetParam()));
  for (const bool sparse : {false, true}) {
    Features features;
    features.is_sparse = sparse;
    const Matrix raw = random_matrix(nodes, width, 8);
    sparse ? void(features.sparse = sparse_of(raw)) : void(features.dense = testing::copy_of(raw));
    AugmentConfig config;
    config.normalisation = GetParam();
    config.hops = 2;
    const std::vector<int64_t> training{1, 5, 8, 30, 31, 44};
    const AugmentedFeatures augmented(graph, features, training, config);
    ASSERT_EQ(augmented.cols(), 3 * width);

    Matrix power = sparse ? dense_of(features.sparse) : testing::copy_of(raw), x(nodes, 3 * width);
    for (int64_t i = 0; i < nodes; ++i) {
      double length = 0.0;
      for (int64_t j = 0; j < width; ++j) length += static_cast<double>(power(i, j)) * power(i, j);
      for (int64_t j = 0; j < width && length > 0.0; ++j) power(i, j) /= static_cast<float>(std::sqrt(length));
    }
    for (int64_t k = 0; k < 3; ++k) {
      for (int64_t i = 0; i < nodes; ++i) {
        for (int64_t j = 0; j < width; ++j) x(i, k * width + j) = augmented.scales()[k] * power(i, j);
      }
      power = product(a, power);
    }
    const Matrix rows = augmented.rows({2, 40, 59});
    for (int64_t j = 0; j < x.cols(); ++j) {
      EXPECT_NEAR(rows(0, j), x(2, j), 2e-5 * (1.0 + std::abs(x(2, j))));
      EXPECT_NEAR(rows(1, j), x(40, j), 2e-5 * (1.0 + std::abs(x(40, j))));
      EXPECT_NEAR(rows(2, j), x(59, j), 2e-5 * (1.0 + std::abs(x(59, j))));
    }
    const Matrix w = random_matrix(3 * width, 4, 9);
    expect_close(augmented.multiply(w), product(x, w), 1e-4);

    // Every hop's training rows are equally far from their mean, and all of them together as far as 1.
    for (int64_t k = 0; k < 3; ++k) {
      double total = 0.0;
      for (int64_t j = k * width; j < (k + 1) * width; ++j) {
        double mean = 0.0;
        for (int64_t i = 0; i < 6; ++i) mean += augmented.training_rows()(i, j) / 6.0;
        for (int64_t i = 0; i < 6; ++i) total += std::pow(augmented.training_rows()(i, j) - mean, 2);
      }
      EXPECT_NEAR(total / 6.0, 1.0 / 3.0, 1e-4);
    }
  }
}

}  // namespace
}  // namespace tersegraph
