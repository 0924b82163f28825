#include "nn/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <vector>

#include "base/parallel.h"

namespace tersegraph {
namespace {

constexpr int64_t kRows = 1024;

int32_t argmax(const float* row, int64_t cols) {
  int32_t best = 0;
  for (int64_t c = 1; c < cols; ++c) {
    if (row[c] > row[best]) best = static_cast<int32_t>(c);
  }
  return best;
}

/// Nothing for a class that occurs nowhere.
std::optional<double> f1(int64_t true_positive, int64_t false_positive, int64_t false_negative) {
  const int64_t denominator = 2 * true_positive + false_positive + false_negative;
  if (denominator == 0) return std::nullopt;
  return 2.0 * static_cast<double>(true_positive) / static_cast<double>(denominator);
}

class Mean {
 public:
  void add(std::optional<double> value) {
    if (!value) return;
    sum_ += *value;
    ++count_;
  }
  std::optional<double> value() const {
    if (count_ == 0) return std::nullopt;
    return sum_ / static_cast<double>(count_);
  }

 private:
  double sum_ = 0.0;
  int64_t count_ = 0;
};

size_t class_count(std::span<const int64_t> confusion) {
  return static_cast<size_t>(std::lround(std::sqrt(static_cast<double>(confusion.size()))));
}

struct Scored {
  float score;
  bool positive;
};

std::optional<double> roc_auc_of(std::vector<Scored>& samples) {
  if (std::any_of(samples.begin(), samples.end(), [](const Scored& s) { return std::isnan(s.score); }))
    return std::nullopt;
  std::sort(samples.begin(), samples.end(), [](const Scored& a, const Scored& b) { return a.score < b.score; });
  int64_t positives = 0, negatives = 0;
  int64_t doubled_wins = 0;  // 2 for every (positive above negative), 1 for every tie
  for (size_t i = 0; i < samples.size();) {
    int64_t tied_positives = 0, tied_negatives = 0;
    for (const float score = samples[i].score; i < samples.size() && samples[i].score == score; ++i) {
      ++(samples[i].positive ? tied_positives : tied_negatives);
    }
    doubled_wins += tied_positives * (2 * negatives + tied_negatives);
    positives += tied_positives;
    negatives += tied_negatives;
  }
  if (positives == 0 || negatives == 0) return std::nullopt;
  return 0.5 * static_cast<double>(doubled_wins) / (static_cast<double>(positives) * static_cast<double>(negatives));
}

}  // namespace

std::vector<int32_t> predicted_classes(ConstMatrixView logits) {
  std::vector<int32_t> classes(static_cast<size_t>(logits.rows));
  for (int64_t i = 0; i < logits.rows; ++i) classes[i] = argmax(logits.row(i), logits.cols);
  return classes;
}

void add_confusion(ConstMatrixView logits, const int32_t* labels, RowSelection rows, std::span<int64_t> counts) {
  std::mutex mutex;
  parallel_blocks(rows.count, kRows, [&](int64_t begin, int64_t end) {
    std::array<int32_t, kRows> predictions;
    for (int64_t k = begin; k < end; ++k) predictions[k - begin] = argmax(logits.row(rows.rows[k]), logits.cols);
    const std::lock_guard lock(mutex);
    for (int64_t k = begin; k < end; ++k) ++counts[labels[rows.rows[k]] * logits.cols + predictions[k - begin]];
  });
}

double accuracy(std::span<const int64_t> confusion) {
  const size_t classes = class_count(confusion);
  int64_t correct = 0, total = 0;
  for (size_t c = 0; c < classes; ++c) correct += confusion[c * classes + c];
  for (const int64_t count : confusion) total += count;
  return total == 0 ? 0.0 : static_cast<double>(correct) / static_cast<double>(total);
}

double micro_f1(std::span<const int64_t> confusion) {
  return accuracy(confusion);
}

double macro_f1(std::span<const int64_t> confusion) {
  const size_t classes = class_count(confusion);
  Mean mean;
  for (size_t c = 0; c < classes; ++c) {
    int64_t labelled = 0, predicted = 0;
    for (size_t other = 0; other < classes; ++other) {
      labelled += confusion[c * classes + other];
      predicted += confusion[other * classes + c];
    }
    const int64_t correct = confusion[c * classes + c];
    mean.add(f1(correct, predicted - correct, labelled - correct));
  }
  return mean.value().value_or(0.0);
}

void add_label_counts(ConstMatrixView logits, ConstMatrixView targets, RowSelection rows, std::span<int64_t> counts) {
  constexpr int64_t kClasses = 256;  // at a time, so that a block's own counts fit on the stack
  std::mutex mutex;
  parallel_blocks(rows.count, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t first = 0; first < logits.cols; first += kClasses) {
      const int64_t classes = std::min(kClasses, logits.cols - first);
      std::array<int64_t, 3 * kClasses> block{};
      for (int64_t k = begin; k < end; ++k) {
        const float* const logit = logits.row(rows.rows[k]) + first;
        const float* const target = targets.row(rows.rows[k]) + first;
        for (int64_t c = 0; c < classes; ++c) {
          const bool predicted = logit[c] > 0.0f, labelled = target[c] > 0.5f;
          block[3 * c] += predicted && labelled;
          block[3 * c + 1] += predicted && !labelled;
          block[3 * c + 2] += !predicted && labelled;
        }
      }
      const std::lock_guard lock(mutex);
      for (int64_t i = 0; i < 3 * classes; ++i) counts[3 * first + i] += block[i];
    }
  });
}

double multilabel_micro_f1(std::span<const int64_t> counts) {
  int64_t sums[3] = {0, 0, 0};
  for (size_t i = 0; i < counts.size(); ++i) sums[i % 3] += counts[i];
  return f1(sums[0], sums[1], sums[2]).value_or(0.0);
}

double multilabel_macro_f1(std::span<const int64_t> counts) {
  Mean mean;
  for (size_t i = 0; i + 2 < counts.size(); i += 3) mean.add(f1(counts[i], counts[i + 1], counts[i + 2]));
  return mean.value().value_or(0.0);
}

void add_regression_sums(ConstMatrixView outputs, ConstMatrixView targets, RowSelection rows, std::span<double> sums) {
  for (int64_t k = 0; k < rows.count; ++k) {
    const int64_t i = rows.rows[k];
    for (int64_t c = 0; c < outputs.cols; ++c) {
      const double y = targets(i, c);
      const double error = y - outputs(i, c);
      sums[4 * c] += 1.0;
      sums[4 * c + 1] += y;
      sums[4 * c + 2] += y * y;
      sums[4 * c + 3] += error * error;
    }
  }
}

double mean_squared_error(std::span<const double> sums) {
  double count = 0.0, residual = 0.0;
  for (size_t i = 0; i < sums.size(); i += 4) {
    count += sums[i];
    residual += sums[i + 3];
  }
  return count == 0.0 ? 0.0 : residual / count;
}

double r2_score(std::span<const double> sums) {
  Mean mean;
  for (size_t i = 0; i < sums.size(); i += 4) {
    const double count = sums[i], residual = sums[i + 3];
    if (count == 0.0) continue;
    const double total = sums[i + 2] - sums[i + 1] * sums[i + 1] / count;
    // What rounding leaves of a constant target's variance is not variance.
    const bool constant = total <= 1e-12 * sums[i + 2];
    mean.add(constant ? (residual == 0.0 ? 1.0 : 0.0) : 1.0 - residual / total);
  }
  return mean.value().value_or(0.0);
}

std::optional<double> roc_auc(std::span<const float> scores, std::span<const uint8_t> labels) {
  std::vector<Scored> samples(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) samples[i] = {scores[i], labels[i] != 0};
  return roc_auc_of(samples);
}

std::optional<double> mean_roc_auc(ConstMatrixView scores, ConstMatrixView targets, RowSelection rows) {
  std::vector<Scored> samples(static_cast<size_t>(rows.count));
  Mean mean;
  for (int64_t c = 0; c < scores.cols; ++c) {
    for (int64_t k = 0; k < rows.count; ++k) {
      samples[k] = {scores(rows.rows[k], c), targets(rows.rows[k], c) > 0.5f};
    }
    mean.add(roc_auc_of(samples));
  }
  return mean.value();
}

}  // namespace tersegraph
