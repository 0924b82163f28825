#include "kernels/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "base/parallel.h"
#include "kernels/guarded.h"
#include "kernels/targets.h"
#include "kernels/test_matrices.h"

namespace tersegraph {
namespace {

constexpr int64_t kClasses[] = {1, 2, 3, 7, 8, 15, 16, 17, 40, 47, 100, 349};
constexpr float kScale = 0.125f;

using Row = std::vector<double>;

double cross_entropy64(const Row& x, int32_t label) {
  double largest = x[0], sum = 0.0;
  for (const double v : x) largest = std::max(largest, v);
  for (const double v : x) sum += std::exp(v - largest);
  return std::log(sum) + largest - x[label];
}

double binary64(double x, double target) {
  const double log_sigmoid = x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x));
  const double log_one_minus = log_sigmoid - x;
  return -(target * log_sigmoid + (1.0 - target) * log_one_minus);
}

/// n rows of which two in three are selected.
struct Problem {
  Problem(int64_t n, int64_t classes, double spread = 2.0)
      : logits(random_matrix(n, classes, 61)), targets(n, classes), weights(absolute(random_matrix(1, classes, 62))) {
    Random random(63, Purpose::generator);
    for (int64_t k = 0; k < logits.size(); ++k) logits.data()[k] *= static_cast<float>(spread);
    for (int64_t k = 0; k < targets.size(); ++k) targets.data()[k] = random.below(2) == 0 ? 0.0f : 1.0f;
    for (int64_t i = 0; i < n; ++i) {
      labels.push_back(static_cast<int32_t>(random.below(classes)));
      if (i % 3 != 1) selected.push_back(i);
    }
  }
  RowSelection rows() const { return {selected.data(), static_cast<int64_t>(selected.size())}; }
  Row row64(int64_t i) const { return Row(logits.row(i), logits.row(i) + logits.cols()); }

  Matrix logits, targets, weights;
  std::vector<int32_t> labels;
  std::vector<int64_t> selected;
};

/// What the three losses have in common, so that each test goes over all of them.
struct Loss {
  const char* name;
  std::function<double(const Problem&, ConstMatrixView logits, RowSelection, MatrixView grad)> kernel;
  std::function<double(const Problem&, int64_t row, const Row& logits)> reference;
};

std::vector<Loss> all_losses() {
  std::vector<Loss> losses;
  for (const bool weighted : {false, true}) {
    const auto weights = [weighted](const Problem& p) { return weighted ? p.weights.data() : nullptr; };
    const auto weight = [weighted](const Problem& p, int64_t c) { return weighted ? double{p.weights(0, c)} : 1.0; };
    losses.push_back({weighted ? "weighted cross-entropy" : "cross-entropy",
                      [=](const Problem& p, ConstMatrixView logits, RowSelection rows, MatrixView grad) {
                        return softmax_cross_entropy(logits, p.labels.data(), weights(p), rows, kScale, grad);
                      },
                      [=](const Problem& p, int64_t i, const Row& x) {
                        return weight(p, p.labels[i]) * cross_entropy64(x, p.labels[i]);
                      }});
    losses.push_back({weighted ? "weighted binary" : "binary",
                      [=](const Problem& p, ConstMatrixView logits, RowSelection rows, MatrixView grad) {
                        return binary_cross_entropy(logits, p.targets, weights(p), rows, kScale, grad);
                      },
                      [=](const Problem& p, int64_t i, const Row& x) {
                        double sum = 0.0;
                        for (size_t c = 0; c < x.size(); ++c) {
                          const int64_t k = static_cast<int64_t>(c);
                          sum += weight(p, k) * binary64(x[c], p.targets(i, k));
                        }
                        return sum;
                      }});
  }
  losses.push_back({"squared error",
                    [](const Problem& p, ConstMatrixView logits, RowSelection rows, MatrixView grad) {
                      return squared_error(logits, p.targets, rows, kScale, grad);
                    },
                    [](const Problem& p, int64_t i, const Row& x) {
                      double sum = 0.0;
                      for (size_t c = 0; c < x.size(); ++c) {
                        const double error = x[c] - p.targets(i, static_cast<int64_t>(c));
                        sum += error * error;
                      }
                      return sum;
                    }});
  return losses;
}

TEST(Loss, ValueIsTheReferenceOnEveryTarget) {
  for_each_target([] {
    for (const Loss& loss : all_losses()) {
      for (const int64_t classes : kClasses) {
        SCOPED_TRACE(testing::Message() << loss.name << " " << classes);
        const Problem p(301, classes);
        double expected = 0.0;
        for (const int64_t i : p.selected) expected += loss.reference(p, i, p.row64(i));
        Matrix grad(301, classes);
        EXPECT_NEAR(loss.kernel(p, p.logits, p.rows(), grad), expected, 2e-6 * expected + 1e-9);
        EXPECT_NEAR(loss.kernel(p, p.logits, p.rows(), {}), expected, 2e-6 * expected + 1e-9);
      }
    }
  });
}

TEST(Loss, GradientIsTheSlopeAndZeroElsewhere) {
  for_each_target([] {
    for (const Loss& loss : all_losses()) {
      for (const int64_t classes : {1, 2, 7, 17, 47}) {
        SCOPED_TRACE(testing::Message() << loss.name << " " << classes);
        const Problem p(31, classes);
        Matrix grad(31, classes);
        grad.fill(std::numeric_limits<float>::quiet_NaN());
        loss.kernel(p, p.logits, p.rows(), grad);
        for (int64_t i = 0; i < 31; ++i) {
          Row x = p.row64(i);
          for (int64_t c = 0; c < classes; ++c) {
            if (i % 3 == 1) {
              ASSERT_EQ(grad(i, c), 0.0f) << "row " << i << " is not selected";
              continue;
            }
            const double at = x[c], step = 1e-5;
            x[c] = at + step;
            const double above = loss.reference(p, i, x);
            x[c] = at - step;
            const double below = loss.reference(p, i, x);
            x[c] = at;
            const double slope = kScale * (above - below) / (2 * step);
            ASSERT_NEAR(grad(i, c), slope, 1e-6 * (1 + std::fabs(slope))) << "row " << i << " column " << c;
          }
        }
      }
    }
  });
}

TEST(Loss, GradMayBeTheLogits) {
  for (const Loss& loss : all_losses()) {
    const Problem p(100, 19);
    Matrix grad(100, 19), both = copy_of(p.logits);
    const double expected = loss.kernel(p, p.logits, p.rows(), grad);
    EXPECT_EQ(loss.kernel(p, both, p.rows(), both), expected) << loss.name;
    EXPECT_EQ(std::memcmp(both.data(), grad.data(), grad.bytes()), 0) << loss.name;
  }
}

TEST(Loss, ExtremeLogitsStayFinite) {
  for (const Loss& loss : all_losses()) {
    SCOPED_TRACE(loss.name);
    Problem p(60, 9);
    for (int64_t k = 0; k < p.logits.size(); ++k) p.logits.data()[k] = p.logits.data()[k] > 0 ? 1e4f : -1e4f;
    double expected = 0.0;
    for (const int64_t i : p.selected) expected += loss.reference(p, i, p.row64(i));
    Matrix grad(60, 9);
    EXPECT_NEAR(loss.kernel(p, p.logits, p.rows(), grad), expected, 1e-6 * expected);
    for (int64_t k = 0; k < grad.size(); ++k) ASSERT_TRUE(std::isfinite(grad.data()[k]));
  }
}

TEST(Loss, NothingSelectedIsZero) {
  for (const Loss& loss : all_losses()) {
    const Problem p(40, 5);
    Matrix grad = random_matrix(40, 5, 1);
    EXPECT_EQ(loss.kernel(p, p.logits, {}, grad), 0.0) << loss.name;
    for (int64_t k = 0; k < grad.size(); ++k) EXPECT_EQ(grad.data()[k], 0.0f) << loss.name;
  }
}

TEST(Loss, NaNIsNotHidden) {
  for_each_target([] {
    for (const Loss& loss : all_losses()) {
      for (const int64_t column : {0, 4, 20}) {
        Problem p(10, 21);
        p.logits(2, column) = std::numeric_limits<float>::quiet_NaN();
        Matrix grad(10, 21);
        EXPECT_TRUE(std::isnan(loss.kernel(p, p.logits, p.rows(), grad))) << loss.name << " " << column;
        EXPECT_TRUE(std::isnan(grad(2, column))) << loss.name << " " << column;
        EXPECT_FALSE(std::isnan(grad(3, column))) << loss.name << " " << column;
      }
    }
  });
}

TEST(Loss, BitsDoNotDependOnTheNumberOfThreads) {
  const int threads_before = thread_count();
  for (const Loss& loss : all_losses()) {
    const Problem p(70001, 7);
    Matrix one(70001, 7), many(70001, 7);
    set_thread_count(1);
    const double expected = loss.kernel(p, p.logits, p.rows(), one);
    for (const int threads : {2, 5}) {
      set_thread_count(threads);
      EXPECT_EQ(loss.kernel(p, p.logits, p.rows(), many), expected) << loss.name;
      EXPECT_EQ(std::memcmp(one.data(), many.data(), one.bytes()), 0) << loss.name;
    }
  }
  set_thread_count(threads_before);
}

TEST(Loss, TouchesNothingBeyondItsRows) {
  for_each_target([] {
    for (const int64_t classes : kClasses) {
      const Problem p(3, classes);
      const GuardedMatrix logits(p.logits), targets(p.targets), weights(p.weights), grad(p.logits);
      const MatrixView g = grad.view();
      softmax_cross_entropy(logits.view(), p.labels.data(), weights.data(), p.rows(), 1.0f, g);
      binary_cross_entropy(logits.view(), targets.view(), weights.data(), p.rows(), 1.0f, g);
      squared_error(logits.view(), targets.view(), p.rows(), 1.0f, g);
    }
  });
}

}  // namespace
}  // namespace tersegraph
