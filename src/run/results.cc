#include "run/results.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "comm/ledger.h"

namespace tersegraph {
namespace {

// The measures of an epoch, by the names of the run directory.
Json scores_json(const EpochMetrics& metrics) {
  Json scores = Json::object();
  if (metrics.train_accuracy) scores["train_accuracy"] = *metrics.train_accuracy;
  if (metrics.val_accuracy) scores["val_accuracy"] = *metrics.val_accuracy;
  if (metrics.test_accuracy) scores["test_accuracy"] = *metrics.test_accuracy;
  for (const auto& [name, score] : metrics.scores) scores[name] = score;
  return scores;
}

Json bytes_json(const std::map<std::string, int64_t>& bytes, int64_t per_epoch) {
  Json by_kind = Json::object();
  int64_t total = 0;
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    const std::string name(traffic_name(static_cast<Traffic>(kind)));
    const auto found = bytes.find(name);
    by_kind[name] = found == bytes.end() ? 0 : found->second;
    total += by_kind[name].get<int64_t>();
  }
  return {{"total", total}, {"per_epoch", per_epoch}, {"by_kind", by_kind}};
}

Json seconds_json(const std::vector<double>& seconds) {
  return {{"median", median(seconds)}, {"min", seconds.empty() ? 0.0 : *std::ranges::min_element(seconds)}};
}

// What is the same for one run and for many.
void add_common(Json& summary, const RunConfig& config, const TrainResult& result) {
  summary["mean_bits"] = result.mean_bits;
  summary["peak_rss_bytes"] = result.peak_rss_bytes;
  summary["ranks"] = config.ranks;
  summary["threads"] = config.threads;
  summary["seed"] = config.seed;
  summary["version"] = version();
}

// Mean and standard deviation of each score that every run has.
void add_score_statistics(Json& summary, const std::vector<RunRecord>& records) {
  Json deviations = Json::object();
  std::vector<Json> scores;
  for (const RunRecord& record : records) scores.push_back(scores_json(record.result.best));
  for (const auto& [name, first] : scores.front().items()) {
    std::vector<double> values;
    for (const Json& run : scores) {
      if (run.contains(name)) values.push_back(run[name].get<double>());
    }
    if (values.size() != records.size()) continue;
    const double count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double squares = 0.0;
    for (double value : values) squares += (value - mean) * (value - mean);
    summary[name] = mean;
    deviations[name] = values.size() > 1 ? std::sqrt(squares / (count - 1)) : 0.0;
  }
  summary["std"] = deviations;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

int64_t training_bytes(const EpochMetrics& metrics) {
  int64_t bytes = 0;
  for (const auto& [kind, sent] : metrics.bytes) {
    if (kind != "evaluation" && kind != "placement" && kind != "setup") bytes += sent;
  }
  return bytes;
}

std::string_view ending_name(Ending ending) {
  switch (ending) {
    case Ending::finished:
      return "finished";
    case Ending::patience:
      return "patience";
    case Ending::converged:
      return "converged";
    case Ending::stopped:
      return "stopped";
    case Ending::diverged:
      return "diverged";
  }
  return "";
}

Json to_json(const EpochMetrics& metrics) {
  Json line = {{"epoch", metrics.epoch}, {"train_loss", metrics.train_loss}};
  line.update(scores_json(metrics));
  if (metrics.objective) line["objective"] = *metrics.objective;
  if (metrics.lagrangian) line["lagrangian"] = *metrics.lagrangian;
  if (!metrics.residuals.empty()) line["residuals"] = metrics.residuals;
  if (metrics.learning_rate > 0) line["learning_rate"] = metrics.learning_rate;
  line["epoch_seconds"] = metrics.epoch_seconds;
  line["seconds"] = metrics.seconds;
  if (metrics.hidden_seconds > 0) line["hidden_seconds"] = metrics.hidden_seconds;
  line["bytes"] = metrics.bytes;
  line["mean_bits"] = metrics.mean_bits;
  if (!metrics.bits.empty()) line["bits"] = metrics.bits;
  if (metrics.width_error) line["width_error"] = *metrics.width_error;
  if (!metrics.guard.empty()) line["guard"] = metrics.guard;
  return line;
}

Json summarise(const RunConfig& config, const RunRecord& record) {
  const TrainResult& result = record.result;
  Json summary = scores_json(result.best);
  summary["best_epoch"] = result.best.epoch;
  summary["epochs"] = result.epoch_seconds.size();
  summary["last"] = scores_json(result.last);
  summary["last"]["train_loss"] = result.last.train_loss;
  summary["ending"] = ending_name(result.ending);
  summary["diverged"] = result.ending == Ending::diverged;
  summary["epoch_seconds"] = seconds_json(result.epoch_seconds);
  summary["wall_seconds"] = record.wall_seconds;
  summary["bytes_sent"] = bytes_json(result.bytes, record.bytes_per_epoch);
  summary["bytes_sent"]["between_ranks"] = result.bytes_between_ranks;
  for (const auto& [name, value] : result.facts) summary[name] = value;
  add_common(summary, config, result);
  return summary;
}

Json summarise(const RunConfig& config, const std::vector<RunRecord>& records) {
  Json summary = Json::object();
  add_score_statistics(summary, records);
  TrainResult sums;
  double wall_seconds = 0.0, best_epochs = 0.0, epochs = 0.0, bits = 0.0, bytes_per_epoch = 0.0;
  bool diverged = false;
  Json runs = Json::array();
  for (const RunRecord& record : records) {
    const TrainResult& result = record.result;
    sums.epoch_seconds.insert(sums.epoch_seconds.end(), result.epoch_seconds.begin(), result.epoch_seconds.end());
    for (const auto& [kind, bytes] : result.bytes) sums.bytes[kind] += bytes;
    sums.peak_rss_bytes = std::max(sums.peak_rss_bytes, result.peak_rss_bytes);
    wall_seconds += record.wall_seconds;
    best_epochs += static_cast<double>(result.best.epoch);
    epochs += static_cast<double>(result.epoch_seconds.size());
    bits += result.mean_bits;
    bytes_per_epoch += static_cast<double>(record.bytes_per_epoch);
    diverged |= result.ending == Ending::diverged;
    RunConfig of_run = config;
    of_run.seed = record.seed;
    runs.push_back(summarise(of_run, record));
  }
  const double count = static_cast<double>(records.size());
  sums.mean_bits = bits / count;
  summary["best_epoch"] = best_epochs / count;
  summary["epochs"] = epochs / count;
  summary["ending"] = ending_name(records.back().result.ending);
  summary["diverged"] = diverged;
  summary["epoch_seconds"] = seconds_json(sums.epoch_seconds);
  summary["wall_seconds"] = wall_seconds;
  summary["bytes_sent"] = bytes_json(sums.bytes, std::llround(bytes_per_epoch / count));
  add_common(summary, config, sums);
  summary["runs"] = runs;
  return summary;
}

RunResult to_run_result(const RunRecord& record) {
  const TrainResult& result = record.result;
  RunResult outcome;
  outcome.seed = record.seed;
  outcome.train_accuracy = result.best.train_accuracy;
  outcome.val_accuracy = result.best.val_accuracy;
  outcome.test_accuracy = result.best.test_accuracy;
  outcome.best_epoch = result.best.epoch;
  outcome.epochs = static_cast<int64_t>(result.epoch_seconds.size());
  outcome.epoch_seconds = median(result.epoch_seconds);
  for (const auto& [kind, bytes] : result.bytes) outcome.bytes_sent += bytes;
  outcome.ending = ending_name(result.ending);
  return outcome;
}

}  // namespace tersegraph
