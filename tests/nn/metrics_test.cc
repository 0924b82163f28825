#include "nn/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"

namespace tersegraph {
namespace {

std::vector<int64_t> all_rows(int64_t n) {
  std::vector<int64_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

RowSelection select(const std::vector<int64_t>& rows) {
  return {rows.data(), static_cast<int64_t>(rows.size())};
}

Matrix random_scores(int64_t rows, int64_t cols, uint64_t seed) {
  Matrix m(rows, cols);
  Random random(seed, Purpose::generator);
  for (int64_t k = 0; k < m.size(); ++k) m.data()[k] = static_cast<float>(random.normal());
  return m;
}

TEST(Confusion, CountsTheSelectedRowsByLabelAndPrediction) {
  Matrix logits(4, 3);
  const float values[] = {1, 3, 2, 5, 5, 0, -1, -2, -3, 0, 0, 9};
  std::copy(std::begin(values), std::end(values), logits.data());
  const int32_t labels[] = {1, 2, 0, 0};
  std::vector<int64_t> counts(9, 0);
  const std::vector<int64_t> rows{0, 1, 3};
  add_confusion(logits, labels, select(rows), counts);
  EXPECT_EQ(counts, (std::vector<int64_t>{0, 0, 1, 0, 1, 0, 1, 0, 0})) << "the first of equal logits is the prediction";
  add_confusion(logits, labels, select(rows), counts);
  EXPECT_EQ(counts, (std::vector<int64_t>{0, 0, 2, 0, 2, 0, 2, 0, 0})) << "counts are added to";
}

TEST(Confusion, IsTheSameForAnyNumberOfThreads) {
  const int threads_before = thread_count();
  constexpr int64_t kRows = 20011, kClasses = 7;
  const Matrix logits = random_scores(kRows, kClasses, 2);
  std::vector<int32_t> labels(kRows);
  std::vector<int64_t> expected(kClasses * kClasses, 0), counts(expected);
  for (int64_t i = 0; i < kRows; ++i) {
    labels[i] = static_cast<int32_t>(i % kClasses);
    const float* const row = logits.row(i);
    ++expected[labels[i] * kClasses + (std::max_element(row, row + kClasses) - row)];
  }
  set_thread_count(4);
  add_confusion(logits, labels.data(), select(all_rows(kRows)), counts);
  set_thread_count(threads_before);
  EXPECT_EQ(counts, expected);
}

TEST(Accuracy, IsTheShareOfTheDiagonal) {
  EXPECT_DOUBLE_EQ(accuracy(std::vector<int64_t>{3, 1, 2, 4}), 0.7);
  EXPECT_DOUBLE_EQ(micro_f1(std::vector<int64_t>{3, 1, 2, 4}), 0.7);
  EXPECT_EQ(accuracy(std::vector<int64_t>(9, 0)), 0.0);
}

TEST(MacroF1, ByHand) {
  // Class 0: precision 3/5, recall 3/4, F1 2/3. Class 1: precision 4/5, recall 4/6, F1 8/11.
  EXPECT_NEAR(macro_f1(std::vector<int64_t>{3, 1, 2, 4}), (2.0 / 3.0 + 8.0 / 11.0) / 2.0, 1e-15);
}

TEST(MacroF1, LeavesOutClassesThatOccurNowhere) {
  // Class 1 never occurs; class 3 is predicted once but never a label, so it counts with 0.
  const std::vector<int64_t> counts{3, 0, 0, 1,  //
                                    0, 0, 0, 0,  //
                                    0, 0, 2, 0,  //
                                    0, 0, 0, 0};
  EXPECT_NEAR(macro_f1(counts), (6.0 / 7.0 + 1.0 + 0.0) / 3.0, 1e-15);
  EXPECT_EQ(macro_f1(std::vector<int64_t>(16, 0)), 0.0);
}

TEST(MultiLabel, CountsAreThoseOfPlainLoops) {
  const int threads_before = thread_count();
  set_thread_count(3);
  for (const int64_t classes : {1, 3, 300}) {
    constexpr int64_t kRows = 2500;
    const Matrix logits = random_scores(kRows, classes, 3);
    Matrix targets = random_scores(kRows, classes, 4);
    for (int64_t k = 0; k < targets.size(); ++k) targets.data()[k] = targets.data()[k] > 0.5f ? 1.0f : 0.0f;
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < kRows; i += 2) rows.push_back(i);
    std::vector<int64_t> counts(3 * classes, 0), expected(counts);
    for (const int64_t i : rows) {
      for (int64_t c = 0; c < classes; ++c) {
        const bool predicted = logits(i, c) > 0, labelled = targets(i, c) == 1.0f;
        if (predicted && labelled) ++expected[3 * c];
        if (predicted && !labelled) ++expected[3 * c + 1];
        if (!predicted && labelled) ++expected[3 * c + 2];
      }
    }
    add_label_counts(logits, targets, select(rows), counts);
    EXPECT_EQ(counts, expected) << classes << " classes";
  }
  set_thread_count(threads_before);
}

TEST(MultiLabel, F1ByHand) {
  const std::vector<int64_t> counts{4, 1, 3, 0, 0, 0, 2, 2, 0};
  EXPECT_NEAR(multilabel_micro_f1(counts), 12.0 / 18.0, 1e-15);
  EXPECT_NEAR(multilabel_macro_f1(counts), (8.0 / 12.0 + 4.0 / 6.0) / 2.0, 1e-15) << "class 1 occurs nowhere";
  EXPECT_EQ(multilabel_micro_f1(std::vector<int64_t>(6, 0)), 0.0);
}

TEST(Regression, IsTheTwoPassComputation) {
  const Matrix outputs = random_scores(500, 3, 5);
  Matrix targets = random_scores(500, 3, 6);
  for (int64_t k = 0; k < targets.size(); ++k)
    targets.data()[k] = 100.0f + outputs.data()[k] + 0.5f * targets.data()[k];
  std::vector<double> sums(12, 0.0);
  const std::vector<int64_t> first(all_rows(200));
  std::vector<int64_t> rest;
  for (int64_t i = 200; i < 500; ++i) rest.push_back(i);
  add_regression_sums(outputs, targets, select(first), sums);
  add_regression_sums(outputs, targets, select(rest), sums);

  double squared = 0.0, r2 = 0.0;
  for (int64_t c = 0; c < 3; ++c) {
    double mean = 0.0, residual = 0.0, total = 0.0;
    for (int64_t i = 0; i < 500; ++i) mean += targets(i, c) / 500.0;
    for (int64_t i = 0; i < 500; ++i) {
      residual += std::pow(static_cast<double>(targets(i, c)) - outputs(i, c), 2);
      total += std::pow(targets(i, c) - mean, 2);
    }
    squared += residual / 1500.0;
    r2 += (1.0 - residual / total) / 3.0;
  }
  EXPECT_NEAR(mean_squared_error(sums), squared, 1e-9 * squared);
  EXPECT_NEAR(r2_score(sums), r2, 1e-7 * std::fabs(r2));
}

TEST(Regression, ConstantTargets) {
  Matrix targets(7, 1), outputs(7, 1);
  targets.fill(0.1f);
  outputs.fill(0.1f);
  const std::vector<int64_t> rows = all_rows(7);
  std::vector<double> hit(4, 0.0), missed(4, 0.0);
  add_regression_sums(outputs, targets, select(rows), hit);
  EXPECT_EQ(r2_score(hit), 1.0);
  outputs.fill(0.2f);
  add_regression_sums(outputs, targets, select(rows), missed);
  EXPECT_EQ(r2_score(missed), 0.0);
  EXPECT_EQ(mean_squared_error(std::vector<double>(4, 0.0)), 0.0);
  EXPECT_EQ(r2_score(std::vector<double>(4, 0.0)), 0.0);
}

double auc_by_pairs(const std::vector<float>& scores, const std::vector<uint8_t>& labels) {
  double wins = 0.0, pairs = 0.0;
  for (size_t i = 0; i < scores.size(); ++i) {
    for (size_t j = 0; j < scores.size(); ++j) {
      if (labels[i] == 0 || labels[j] != 0) continue;
      pairs += 1.0;
      wins += scores[i] > scores[j] ? 1.0 : scores[i] == scores[j] ? 0.5 : 0.0;
    }
  }
  return wins / pairs;
}

TEST(RocAuc, IsTheShareOfPairsInOrder) {
  EXPECT_DOUBLE_EQ(*roc_auc(std::vector<float>{0.1f, 0.4f, 0.35f, 0.8f}, std::vector<uint8_t>{0, 0, 1, 1}), 0.75);
  Random random(9, Purpose::generator);
  for (const int64_t levels : {2, 5, 1000000}) {  // few levels: many ties
    std::vector<float> scores;
    std::vector<uint8_t> labels;
    for (int i = 0; i < 400; ++i) {
      scores.push_back(static_cast<float>(random.below(levels)));
      labels.push_back(random.below(3) == 0);
    }
    EXPECT_NEAR(*roc_auc(scores, labels), auc_by_pairs(scores, labels), 1e-12);
  }
}

TEST(RocAuc, IsNothingWithOneClassOrNaN) {
  EXPECT_FALSE(roc_auc(std::vector<float>{1, 2}, std::vector<uint8_t>{1, 1}));
  EXPECT_FALSE(roc_auc({}, {}));
  EXPECT_FALSE(roc_auc(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()}, std::vector<uint8_t>{1, 0}));
}

TEST(RocAuc, MeanLeavesOutColumnsOfOneClass) {
  Matrix scores(4, 3), targets(4, 3);
  const float s[] = {0.1f, 1, 4, 0.4f, 2, 3, 0.35f, 3, 2, 0.8f, 4, 1};
  const float t[] = {0, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1};
  std::copy(std::begin(s), std::end(s), scores.data());
  std::copy(std::begin(t), std::end(t), targets.data());
  const std::vector<int64_t> rows = all_rows(4);
  EXPECT_DOUBLE_EQ(*mean_roc_auc(scores, targets, select(rows)), (0.75 + 0.0) / 2.0);
  EXPECT_FALSE(mean_roc_auc(scores, targets, {}));
}

}  // namespace
}  // namespace tersegraph
