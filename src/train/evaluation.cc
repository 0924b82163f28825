#include "train/evaluation.h"

#include <optional>
#include <span>
#include <vector>

#include "comm/collectives.h"
#include "nn/metrics.h"

namespace tersegraph {
namespace {

constexpr const char* kParts[] = {"train", "val", "test"};

struct PartScore {
  std::optional<double> measure;
  std::map<std::string, double> others;
};

/// Numbers that make the score of one part.
int64_t counts_a_part(Task task, int64_t outputs) {
  switch (task) {
    case Task::multiclass:
      return outputs * outputs;
    case Task::multilabel:
      return 3 * outputs;
    case Task::regression:
      return 4 * outputs;
  }
  return 0;
}

PartScore score_classes(std::span<const int64_t> confusion) {
  return {accuracy(confusion), {{"macro_f1", macro_f1(confusion)}}};
}

PartScore score_labels(std::span<const int64_t> counts) {
  return {multilabel_micro_f1(counts), {{"macro_f1", multilabel_macro_f1(counts)}}};
}

PartScore score_numbers(std::span<const double> sums) {
  return {r2_score(sums), {{"mse", mean_squared_error(sums)}}};
}

/// Counts of the three parts side by side, summed over ranks with one message; then one score a part.
template <class Count, class Add, class Score>
std::vector<PartScore> score_parts(int64_t a_part, Channel& channel, Add add, Score score) {
  std::vector<Count> counts(3 * a_part, Count{0});
  for (int part = 0; part < 3; ++part) add(part, std::span(counts).subspan(part * a_part, a_part));
  all_reduce_sum(channel, Traffic::evaluation, std::span(counts));
  std::vector<PartScore> scores;
  for (int part = 0; part < 3; ++part) {
    scores.push_back(score(std::span<const Count>(counts).subspan(part * a_part, a_part)));
  }
  return scores;
}

}  // namespace

void evaluate(ConstMatrixView outputs, const LocalTargets& targets, Channel& channel, EpochMetrics& metrics) {
  const std::vector<int64_t>* const parts[] = {&targets.train, &targets.val, &targets.test};
  const int64_t a_part = counts_a_part(targets.task, targets.outputs);
  std::vector<PartScore> scores;
  switch (targets.task) {
    case Task::multiclass:
      scores = score_parts<int64_t>(
          a_part, channel,
          [&](int part, auto counts) { add_confusion(outputs, targets.classes.data(), select(*parts[part]), counts); },
          score_classes);
      break;
    case Task::multilabel:
      scores = score_parts<int64_t>(
          a_part, channel,
          [&](int part, auto counts) { add_label_counts(outputs, targets.targets, select(*parts[part]), counts); },
          score_labels);
      break;
    case Task::regression:
      scores = score_parts<double>(
          a_part, channel,
          [&](int part, auto sums) { add_regression_sums(outputs, targets.targets, select(*parts[part]), sums); },
          score_numbers);
      break;
  }
  std::vector<int64_t> sizes;
  for (const auto* part : parts) sizes.push_back(static_cast<int64_t>(part->size()));
  all_reduce_sum(channel, Traffic::evaluation, std::span(sizes));
  std::optional<double>* const measures[] = {&metrics.train_accuracy, &metrics.val_accuracy, &metrics.test_accuracy};
  for (int part = 0; part < 3; ++part) {
    if (sizes[part] == 0) continue;
    *measures[part] = scores[part].measure;
    for (const auto& [name, value] : scores[part].others)
      metrics.scores[std::string(kParts[part]) + "_" + name] = value;
  }
}

int64_t evaluation_bytes(Task task, int64_t outputs, int rank, int ranks) {
  return all_reduce_bytes(3 * counts_a_part(task, outputs), 8, rank, ranks) + all_reduce_bytes(3, 8, rank, ranks);
}

void evaluate_roc_auc(ConstMatrixView outputs, const Labels& labels, const Split& split, EpochMetrics& metrics) {
  const std::vector<int64_t>* const parts[] = {&split.train, &split.val, &split.test};
  for (int part = 0; part < 3; ++part) {
    std::optional<double> auc;
    if (labels.task == Task::multilabel) {
      auc = mean_roc_auc(outputs, labels.targets, select(*parts[part]));
    } else if (labels.task == Task::multiclass && labels.outputs == 2) {
      std::vector<float> scores;
      std::vector<uint8_t> positive;
      for (const int64_t node : *parts[part]) {
        scores.push_back(outputs(node, 1) - outputs(node, 0));
        positive.push_back(labels.classes[node] == 1);
      }
      auc = roc_auc(scores, positive);
    }
    if (auc) metrics.scores[std::string(kParts[part]) + "_roc_auc"] = *auc;
  }
}

}  // namespace tersegraph
