#include "kernels/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/parallel.h"
#include "kernels/guarded.h"
#include "kernels/targets.h"
#include "kernels/test_matrices.h"

namespace tersegraph {
namespace {

constexpr int64_t kWidths[] = {1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 47, 64, 67, 100};
constexpr uint64_t kSeed = 5;

struct Case {
  ActivationSpec spec;
  bool bias;
  bool affine;  ///< LayerNorm has gain and shift
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const bool norm : {false, true}) {
    for (const bool relu : {false, true}) {
      for (const float dropout : {0.0f, 0.3f, 1.0f}) {
        for (const ActivationOrder order : {ActivationOrder::norm_relu_dropout, ActivationOrder::dropout_norm_relu}) {
          for (const bool bias : {false, true}) {
            for (const bool affine : {false, true}) {
              if (affine && !norm) continue;
              cases.push_back(
                  {{norm, relu, dropout, order, StreamKey(kSeed, Purpose::dropout, {}, 3, 1)}, bias, affine});
            }
          }
        }
      }
    }
  }
  return cases;
}

testing::Message describe(const Case& c, int64_t width) {
  return testing::Message() << "width " << width << " norm " << c.spec.layer_norm << " relu " << c.spec.relu
                            << " dropout " << c.spec.dropout << " order " << static_cast<int>(c.spec.order) << " bias "
                            << c.bias << " affine " << c.affine;
}

using Row = std::vector<double>;

/// Everything in fp64: one row by the definitions.
Row reference_row(Row v, int64_t id, const Row& bias, const Row& gain, const Row& shift, const ActivationSpec& spec) {
  const size_t d = v.size();
  const double threshold = std::round(static_cast<double>(spec.dropout) * 65536.0);
  const auto drop = [&] {
    for (size_t c = 0; c < d; ++c) {
      const bool kept = random16(spec.key.row(id), static_cast<int64_t>(c)) >= threshold;
      v[c] = kept ? v[c] * 65536.0 / (65536.0 - threshold) : 0.0;
    }
  };
  for (size_t c = 0; c < d; ++c) v[c] += bias[c];
  if (spec.order == ActivationOrder::dropout_norm_relu) drop();
  if (spec.layer_norm) {
    double mean = 0.0, variance = 0.0;
    for (const double x : v) mean += x / static_cast<double>(d);
    for (const double x : v) variance += (x - mean) * (x - mean) / static_cast<double>(d);
    for (size_t c = 0; c < d; ++c) v[c] = (v[c] - mean) / std::sqrt(variance + 1e-5) * gain[c] + shift[c];
  }
  if (spec.relu) {
    for (double& x : v) x = std::max(x, 0.0);
  }
  if (spec.order == ActivationOrder::norm_relu_dropout) drop();
  return v;
}

/// One matrix with its parameters, in fp32 for the kernels and in fp64 for the reference.
struct Problem {
  Problem(int64_t rows, int64_t cols, const Case& c)
      : spec(c.spec),
        y(random_matrix(rows, cols, 21)),
        upstream(random_matrix(rows, cols, 22)),
        bias(random_matrix(1, cols, 23)),
        gain(random_matrix(1, cols, 24)),
        shift(random_matrix(1, cols, 25)),
        bias64(cols, 0.0),
        gain64(cols, 1.0),
        shift64(cols, 0.0) {
    for (int64_t i = 0; i < rows; ++i) row_ids.push_back(1000003 * i + 17);
    if (c.bias) bias64.assign(bias.data(), bias.data() + cols);
    if (c.affine) {
      gain64.assign(gain.data(), gain.data() + cols);
      shift64.assign(shift.data(), shift.data() + cols);
    }
    params = {c.bias ? bias.data() : nullptr, c.affine ? gain.data() : nullptr, c.affine ? shift.data() : nullptr};
  }

  Row row64(int64_t i) const { return Row(y.row(i), y.row(i) + y.cols()); }
  Row forward64(int64_t i, const Row& v) const { return reference_row(v, row_ids[i], bias64, gain64, shift64, spec); }
  /// The row's part of L = sum of upstream * h.
  double loss64(int64_t i, const Row& v) const {
    const Row h = forward64(i, v);
    double sum = 0.0;
    for (size_t c = 0; c < h.size(); ++c) sum += h[c] * upstream(i, static_cast<int64_t>(c));
    return sum;
  }

  ActivationSpec spec;
  Matrix y, upstream, bias, gain, shift;
  Row bias64, gain64, shift64;
  std::vector<int64_t> row_ids;
  ActivationParams params;
};

TEST(Activation, ForwardIsItsDefinitionOnEveryTarget) {
  for_each_target([] {
    for (const Case& c : all_cases()) {
      for (const int64_t width : kWidths) {
        SCOPED_TRACE(describe(c, width));
        Problem problem(5, width, c);
        Matrix h(5, width);
        activation_forward(problem.y, problem.row_ids.data(), problem.params, problem.spec, h);
        for (int64_t i = 0; i < 5; ++i) {
          const Row expected = problem.forward64(i, problem.row64(i));
          for (int64_t k = 0; k < width; ++k) ASSERT_NEAR(h(i, k), expected[k], 2e-5 * (1 + std::fabs(expected[k])));
        }
        activation_forward(problem.y, problem.row_ids.data(), problem.params, problem.spec, problem.y);
        EXPECT_EQ(std::memcmp(problem.y.data(), h.data(), h.bytes()), 0) << "in place";
      }
    }
  });
}

/// Central differences of the fp64 reference.
template <class Loss>
double slope(double& x, const Loss& loss) {
  const double at = x, step = 1e-6;
  x = at + step;
  const double above = loss();
  x = at - step;
  const double below = loss();
  x = at;
  return (above - below) / (2.0 * step);
}

void expect_gradients(Problem& problem) {
  const int64_t rows = problem.y.rows(), width = problem.y.cols();
  const Matrix before = copy_of(problem.y);
  Matrix grad = copy_of(problem.upstream), bias(1, width), gain(1, width), shift(1, width);
  Matrix scratch;
  bias.fill(0.0f);
  gain.fill(0.0f);
  shift.fill(0.0f);
  activation_backward_block(problem.y, problem.row_ids.data(), problem.params, problem.spec, grad,
                            {bias.data(), gain.data(), shift.data()}, scratch);
  EXPECT_EQ(std::memcmp(problem.y.data(), before.data(), before.bytes()), 0) << "y was modified";

  const auto near = [](double actual, double expected, double unit) {
    EXPECT_NEAR(actual, expected, 1e-4 * (unit + std::fabs(expected)));
  };
  for (int64_t i = 0; i < rows; ++i) {
    Row v = problem.row64(i);
    for (int64_t c = 0; c < width; ++c) near(grad(i, c), slope(v[c], [&] { return problem.loss64(i, v); }), 1.0);
  }
  // Rows without variance and without a shift stand exactly where ReLU has no slope.
  const bool all_dropped = problem.spec.dropout == 1.0f && problem.spec.order == ActivationOrder::dropout_norm_relu;
  const bool all_on_the_kink = problem.spec.relu && problem.params.shift == nullptr && (width == 1 || all_dropped);
  const auto total = [&] {
    double sum = 0.0;
    for (int64_t i = 0; i < rows; ++i) sum += problem.loss64(i, problem.row64(i));
    return sum;
  };
  for (int64_t c = 0; c < width; ++c) {
    near(bias(0, c), slope(problem.bias64[c], total), 3.0);
    if (!problem.spec.layer_norm) continue;
    near(gain(0, c), slope(problem.gain64[c], total), 3.0);
    if (!all_on_the_kink) near(shift(0, c), slope(problem.shift64[c], total), 3.0);
  }
}

TEST(Activation, BackwardIsTheSlopeOfForward) {
  for (const Case& c : all_cases()) {
    for (const int64_t width : {1, 3, 17, 33, 47}) {
      SCOPED_TRACE(describe(c, width));
      Problem problem(4, width, c);
      expect_gradients(problem);
    }
  }
}

TEST(Activation, BackwardAgreesOnEveryTarget) {
  for_each_target([] {
    for (const Case& c : all_cases()) {
      SCOPED_TRACE(describe(c, 37));
      Problem problem(3, 37, c);
      expect_gradients(problem);
    }
  });
}

TEST(Activation, WideRowsAreNormalisedToTheSamePrecision) {
  for (const int64_t width : {1433, 10000}) {
    Problem problem(
        2, width,
        {{true, true, 0.5f, ActivationOrder::norm_relu_dropout, StreamKey(kSeed, Purpose::dropout)}, true, true});
    for (int64_t k = 0; k < problem.y.size(); ++k) problem.y.data()[k] += 50.0f;
    Matrix h(2, width);
    for_each_target([&] {
      activation_forward(problem.y, problem.row_ids.data(), problem.params, problem.spec, h);
      for (int64_t i = 0; i < 2; ++i) {
        const Row expected = problem.forward64(i, problem.row64(i));
        for (int64_t c = 0; c < width; ++c) ASSERT_NEAR(h(i, c), expected[c], 2e-5 * (1 + std::fabs(expected[c])));
      }
    });
  }
}

TEST(Activation, TouchesNothingBeyondItsRows) {
  for_each_target([] {
    for (const Case& c : all_cases()) {
      for (const int64_t width : kWidths) {
        Problem problem(2, width, c);
        const GuardedMatrix y(problem.y), h(problem.y), grad(problem.upstream);
        const GuardedMatrix bias(problem.bias), gain(problem.gain), shift(problem.shift);
        const ActivationParams params{bias.data(), gain.data(), shift.data()};
        Matrix scratch;
        activation_forward(y.view(), problem.row_ids.data(), params, problem.spec, h.view());
        activation_backward_block(y.view(), problem.row_ids.data(), params, problem.spec, grad.view(),
                                  {bias.data(), gain.data(), shift.data()}, scratch);
        add_column_sums(y.view(), bias.data(), scratch);
      }
    }
  });
}

TEST(Activation, BitsDoNotDependOnTheNumberOfThreads) {
  const int threads_before = thread_count();
  for (const ActivationOrder order : {ActivationOrder::norm_relu_dropout, ActivationOrder::dropout_norm_relu}) {
    for (const bool norm : {false, true}) {
      Problem problem(9001, 37, {{norm, true, 0.4f, order, StreamKey(kSeed, Purpose::dropout)}, true, norm});
      const auto run = [&](int threads) {
        set_thread_count(threads);
        Matrix h(9001, 37);
        activation_forward(problem.y, problem.row_ids.data(), problem.params, problem.spec, h);
        return std::vector<float>(h.data(), h.data() + h.size());
      };
      const std::vector<float> one = run(1);
      for (const int threads : {2, 3, 8}) {
        const std::vector<float> many = run(threads);
        EXPECT_EQ(std::memcmp(one.data(), many.data(), one.size() * sizeof(float)), 0) << threads << " threads";
      }
    }
  }
  set_thread_count(threads_before);
}

TEST(Activation, DropoutKeepsTheRightShareAndTheMean) {
  constexpr int64_t kRows = 20000, kCols = 101;
  Matrix ones(kRows, kCols), out(kRows, kCols);
  ones.fill(1.0f);
  std::vector<int64_t> ids(kRows);
  for (int64_t i = 0; i < kRows; ++i) ids[i] = i;
  for (const float p : {0.01f, 0.1f, 0.5f, 0.9f}) {
    dropout_rows(ones, ids.data(), p, StreamKey(kSeed, Purpose::input_dropout), out);
    const double threshold = std::round(p * 65536.0), kept_share = 1.0 - threshold / 65536.0;
    const float scale = static_cast<float>(1.0 / kept_share);
    int64_t kept = 0;
    for (int64_t i = 0; i < kRows; ++i) {
      const uint64_t row_key = StreamKey(kSeed, Purpose::input_dropout).row(i);
      for (int64_t c = 0; c < kCols; ++c) {
        const bool keep = random16(row_key, c) >= threshold;
        ASSERT_EQ(out(i, c), keep ? scale : 0.0f);
        kept += keep;
      }
    }
    const double n = static_cast<double>(out.size());
    EXPECT_NEAR(static_cast<double>(kept) / n, kept_share, 5.0 * std::sqrt(kept_share * (1 - kept_share) / n)) << p;
  }
}

TEST(Activation, DropoutOfARowDependsOnItsIdAlone) {
  const Matrix x = random_matrix(40, 70, 31);
  const StreamKey key(kSeed, Purpose::dropout, {}, 9, 2);
  std::vector<int64_t> ids(40), reversed(40);
  Matrix mirrored(40, 70), h(40, 70), h_mirrored(40, 70);
  for (int64_t i = 0; i < 40; ++i) {
    ids[i] = 100 + i;
    reversed[39 - i] = 100 + i;
    std::memcpy(mirrored.row(39 - i), x.row(i), 70 * sizeof(float));
  }
  dropout_rows(x, ids.data(), 0.5f, key, h);
  dropout_rows(mirrored, reversed.data(), 0.5f, key, h_mirrored);
  for (int64_t i = 0; i < 40; ++i) EXPECT_EQ(std::memcmp(h.row(i), h_mirrored.row(39 - i), 70 * sizeof(float)), 0);
}

TEST(Activation, ReluLetsNaNPass) {
  for_each_target([] {
    Matrix y(1, 19);
    y.fill(-1.0f);
    y(0, 3) = y(0, 18) = std::numeric_limits<float>::quiet_NaN();
    activation_forward(y, nullptr, {}, {}, y);
    for (int64_t c = 0; c < 19; ++c) {
      if (c == 3 || c == 18) {
        EXPECT_TRUE(std::isnan(y(0, c)));
      } else {
        EXPECT_EQ(y(0, c), 0.0f);
      }
    }
  });
}

// A block is a part of the whole: the same bits.
TEST(Activation, BlocksOfRowsAreTheWhole) {
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(describe(c, 37));
    Problem problem(50, 37, c);
    Matrix whole(50, 37), blocks(50, 37);
    activation_forward(problem.y, problem.row_ids.data(), problem.params, problem.spec, whole);
    for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 17}, {17, 18}, {18, 50}}) {
      activation_forward_block(rows_of(problem.y.view(), begin, end), problem.row_ids.data() + begin, problem.params,
                               problem.spec, rows_of(blocks.view(), begin, end));
    }
    EXPECT_EQ(std::memcmp(whole.data(), blocks.data(), whole.bytes()), 0);
  }
}

// Where no norm stands between, what forward gave says all that backward needs.
TEST(Activation, BackwardFromTheOutputIsBackwardFromTheInput) {
  for_each_target([] {
    for (const float dropout : {0.0f, 0.3f, 1.0f}) {
      for (const int64_t width : kWidths) {
        Problem problem(5, width,
                        {{false, true, dropout, ActivationOrder::norm_relu_dropout, StreamKey(kSeed, Purpose::dropout)},
                         true,
                         false});
        Matrix h(5, width), scratch, grad = copy_of(problem.upstream), from_output = copy_of(problem.upstream);
        Matrix bias(2, width);
        bias.fill(0.5f);
        activation_forward(problem.y, problem.row_ids.data(), problem.params, problem.spec, h);
        activation_backward_block(problem.y, problem.row_ids.data(), problem.params, problem.spec, grad, {bias.row(0)},
                                  scratch);
        const GuardedMatrix guarded(from_output);
        relu_dropout_backward_block(h, dropout, guarded.view(), bias.row(1), scratch);
        for (int64_t k = 0; k < grad.size(); ++k) ASSERT_EQ(guarded.data()[k], grad.data()[k]) << dropout;
        for (int64_t c = 0; c < width; ++c) ASSERT_EQ(bias(0, c), bias(1, c));
      }
    }
  });
}

TEST(Activation, NotANumberIsPassedOnToBeSeen) {
  Matrix h(1, 20), grad(1, 20), scratch;
  h.fill(std::nanf(""));
  grad.fill(1.0f);
  relu_dropout_backward_block(h, 0.5f, grad, scratch.data(), scratch);
  for (int64_t c = 0; c < 20; ++c) EXPECT_EQ(grad(0, c), 2.0f);
}

TEST(Activation, NoRowsMeanNoGradient) {
  Matrix empty(0, 21), sums = random_matrix(3, 21, 1);
  sums.fill(0.0f);
  Matrix scratch;
  activation_forward(empty, nullptr, {}, {.layer_norm = true}, empty);
  activation_backward_block(empty, nullptr, {}, {.layer_norm = true}, empty, {sums.row(0), sums.row(1), sums.row(2)},
                            scratch);
  for (int64_t k = 0; k < sums.size(); ++k) EXPECT_EQ(sums.data()[k], 0.0f);
}

TEST(ColumnSums, KeepTheirDigitsOverManyRows) {
  const Matrix x = absolute(random_matrix(300001, 3, 41));
  Matrix sums(1, 3), scratch;
  sums.fill(0.0f);
  for (int64_t begin = 0; begin < x.rows(); begin += 1000) {
    add_column_sums(rows_of(x.view(), begin, std::min(begin + 1000, x.rows())), sums.data(), scratch);
  }
  for (int64_t c = 0; c < 3; ++c) {
    double expected = 0.0;
    for (int64_t i = 0; i < x.rows(); ++i) expected += x(i, c);
    EXPECT_NEAR(sums(0, c), expected, 1e-6 * expected);
  }
}

TEST(AddBias, AddsToEveryRow) {
  const Matrix before = random_matrix(77, 45, 51), bias = random_matrix(1, 45, 52);
  Matrix y = copy_of(before);
  add_bias(bias.data(), y);
  for (int64_t i = 0; i < 77; ++i) {
    for (int64_t c = 0; c < 45; ++c) EXPECT_EQ(y(i, c), before(i, c) + bias(0, c));
  }
}

}  // namespace
}  // namespace tersegraph
