#include "admm/reduced_basis.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "admm/elements.h"
#include "kernels/gemm.h"

namespace tersegraph {
namespace {

constexpr int64_t kBlock = 32;
constexpr double kDependent = 1e-5;  ///< what is left of a row, relative to it, when it adds nothing in fp32

double norm(const float* x, int64_t d) {
  return std::sqrt(sum_elements(d, [&](int64_t i) { return x[i] * x[i]; }));
}

/// x -= its part in the span of the rows of q.
void project_out(ConstMatrixView q, MatrixView x, Matrix& coefficients) {
  if (q.rows == 0) return;
  coefficients.reshape(x.rows, q.rows);
  gemm_transposed_b(x, q, coefficients);
  for (int64_t i = 0; i < coefficients.size(); ++i) coefficients.data()[i] = -coefficients.data()[i];
  gemm(coefficients, q, x, Write::accumulate);
}

}  // namespace

ReducedBasis::ReducedBasis(ConstMatrixView x, ConstMatrixView earlier) {
  Matrix basis(std::min(earlier.rows + x.rows, x.cols), x.cols), block(kBlock, x.cols), coefficients;
  int64_t rank = earlier.rows;
  std::copy_n(earlier.data, earlier.size(), basis.data());
  for (int64_t begin = 0; begin < x.rows; begin += kBlock) {
    const int64_t rows = std::min(kBlock, x.rows - begin);
    block.reshape(rows, x.cols);
    std::memcpy(block.data(), x.row(begin), block.bytes());
    const int64_t before = rank;
    for (int repeat = 0; repeat < 2; ++repeat) project_out({basis.data(), before, x.cols}, block, coefficients);
    for (int64_t i = 0; i < rows && rank < basis.rows(); ++i) {
      const MatrixView row{block.row(i), 1, x.cols};
      for (int repeat = 0; repeat < 2; ++repeat) {
        project_out({basis.row(before), rank - before, x.cols}, row, coefficients);
      }
      const double left = norm(row.data, x.cols);
      if (!(left > kDependent * norm(x.row(begin + i), x.cols))) continue;
      const auto scale = static_cast<float>(1.0 / left);
      for (int64_t j = 0; j < x.cols; ++j) basis(rank, j) = scale * row.data[j];
      ++rank;
    }
  }
  q_.reshape(rank, x.cols);
  std::memcpy(q_.data(), basis.data(), q_.bytes());
}

ReducedBasis ReducedBasis::of(Matrix q) {
  ReducedBasis basis;
  basis.q_ = std::move(q);
  return basis;
}

Matrix ReducedBasis::reduce(ConstMatrixView x) const {
  Matrix reduced(x.rows, q_.rows());
  gemm_transposed_b(x, q_, reduced);
  return reduced;
}

Matrix ReducedBasis::expand(ConstMatrixView w) const {
  Matrix expanded(q_.cols(), w.cols);
  GemmWorkspace workspace;
  gemm_transposed_a(q_, w, expanded, workspace);
  return expanded;
}

}  // namespace tersegraph
