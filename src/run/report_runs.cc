#include "run/report_runs.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "run/safetensors.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

Json parse_object(const std::string& text, const std::string& where) {
  // A document of any depth can be parsed; copies of it would go down the stack.
  const auto not_deep = [&](int depth, Json::parse_event_t, const Json&) {
    if (depth > 100) fail_input("{} is damaged: nested over 100 deep", where);
    return true;
  };
  Json json = Json::parse(text, not_deep, false);
  if (!json.is_object()) fail_input("{} is damaged: not a JSON object", where);
  return json;
}

std::vector<Json> read_epochs(const std::string& path) {
  std::vector<Json> epochs;
  std::istringstream text(read_file(path));
  int64_t line_number = 0;
  for (std::string line; std::getline(text, line);) {
    epochs.push_back(parse_object(line, fmt::format("{}:{}", path, ++line_number)));
  }
  return epochs;
}

int64_t bytes_of_training(const Json& epoch) {
  EpochMetrics metrics;
  for (const auto& [kind, bytes] : numbers_at(epoch, "bytes")) metrics.bytes[kind] = static_cast<int64_t>(bytes);
  return training_bytes(metrics);
}

Trace read_trace(const fs::path& folder, const Json& summary) {
  Trace trace;
  trace.folder = folder.string();
  trace.seed = static_cast<int64_t>(number_at(summary, "seed").value_or(0));
  trace.summary = summary;
  trace.epochs = read_epochs((folder / "metrics.jsonl").string());
  double seconds = 0.0, bytes = 0.0;
  for (const Json& epoch : trace.epochs) {
    trace.seconds.push_back(seconds += number_at(epoch, "epoch_seconds").value_or(0));
    trace.bytes.push_back(bytes += static_cast<double>(bytes_of_training(epoch)));
  }
  return trace;
}

std::vector<Trace> read_traces(const fs::path& folder, const Json& summary) {
  if (!summary.contains("runs")) return {read_trace(folder, summary)};
  if (!summary["runs"].is_array() || summary["runs"].empty()) {
    fail_input("{} is damaged: 'runs' lists none", (folder / "summary.json").string());
  }
  std::vector<Trace> traces;
  for (const Json& run : summary["runs"]) {
    const auto seed = static_cast<int64_t>(number_at(run, "seed").value_or(0));
    traces.push_back(read_trace(folder / fmt::format("run-{}", seed), run));
  }
  return traces;
}

// Without the weights a run is still worth a report; most runs tell classes apart.
Task read_task(const fs::path& folder) {
  const fs::path path = folder / "model.safetensors";
  if (!fs::exists(path)) return Task::multiclass;
  const TensorFile model = parse_safetensors(read_file(path.string()), path.string());
  const auto word = model.metadata.find("task");
  for (const Task task : {Task::multilabel, Task::regression}) {
    if (word != model.metadata.end() && word->second == task_name(task)) return task;
  }
  return Task::multiclass;
}

}  // namespace

ReportRun read_report_run(const std::string& folder) {
  const fs::path path(folder);
  if (!fs::exists(path / "config.toml")) {
    fail_input("{} holds no run (no config.toml); give the folder that tersegraph train wrote", folder);
  }
  if (!fs::exists(path / "summary.json")) {
    fail_input("{} holds a run that has not ended (no summary.json); wait for it, or repeat it", folder);
  }
  ReportRun run;
  run.folder = folder;
  // The path may end in a slash.
  const fs::path whole = fs::absolute(path).lexically_normal();
  run.name = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  run.config_text = read_file((path / "config.toml").string());
  read_config((path / "config.toml").string(), run.config);
  const std::string summary = (path / "summary.json").string();
  run.summary = parse_object(read_file(summary), summary);
  run.traces = read_traces(path, run.summary);
  run.task = read_task(run.traces.front().folder);
  return run;
}

std::optional<double> number_at(const Json& object, std::string_view key) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(std::string(key));
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

const Json& object_at(const Json& object, std::string_view key) {
  static const Json kEmpty = Json::object();
  if (!object.is_object()) return kEmpty;
  const auto found = object.find(std::string(key));
  return found != object.end() && found->is_object() ? *found : kEmpty;
}

std::vector<std::pair<std::string, double>> numbers_at(const Json& object, std::string_view key) {
  std::vector<std::pair<std::string, double>> numbers;
  for (const auto& [name, value] : object_at(object, key).items()) {
    if (value.is_number()) numbers.emplace_back(name, value.get<double>());
  }
  return numbers;
}

std::vector<std::string> keys_by_weight(const ReportRun& run, std::string_view key) {
  std::map<std::string, double> sums;
  for (const Trace& trace : run.traces) {
    for (const Json& epoch : trace.epochs) {
      for (const auto& [name, value] : numbers_at(epoch, key)) sums[name] += value;
    }
  }
  std::vector<std::string> keys;
  for (const auto& [name, sum] : sums) keys.push_back(name);
  std::ranges::stable_sort(keys, std::greater<>(), [&](const std::string& name) { return sums[name]; });
  return keys;
}

}  // namespace tersegraph
