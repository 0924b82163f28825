#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "run/config.h"
#include "run/results.h"

namespace tersegraph {

/// The epochs of one seed, as metrics.jsonl has them.
struct Trace {
  std::string folder;
  int64_t seed = 0;
  Json summary;
  std::vector<Json> epochs;
  std::vector<double> seconds, bytes;  ///< of training, from the start to the end of each epoch
};

/// A run directory in memory. With --runs N it has N traces, and its summary holds their means.
struct ReportRun {
  std::string folder, name;
  std::string config_text;
  RunConfig config;
  Task task = Task::multiclass;
  Json summary;
  std::vector<Trace> traces;
};

/// Errors: InputError, naming the file, for a folder that holds no finished run.
ReportRun read_report_run(const std::string& folder);

/// object[key] where it is there and a number.
std::optional<double> number_at(const Json& object, std::string_view key);

/// object[key] where it is there and an object; an empty one otherwise.
const Json& object_at(const Json& object, std::string_view key);

/// The numbers of object[key] by name, such as bytes by kind.
std::vector<std::pair<std::string, double>> numbers_at(const Json& object, std::string_view key);

/// The keys of the object `key`, over all epochs, ordered by the sum of their values, largest first.
std::vector<std::string> keys_by_weight(const ReportRun& run, std::string_view key);

}  // namespace tersegraph
