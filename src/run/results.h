#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "run/config.h"
#include "tersegraph/tersegraph.h"
#include "train/full_graph.h"

namespace tersegraph {

/// JSON that keeps the order in which keys were set. Numbers that are not finite become null.
using Json = nlohmann::ordered_json;

/// A line of metrics.jsonl.
Json to_json(const EpochMetrics& metrics);

/// What one run (one seed) left, on rank 0.
struct RunRecord {
  int64_t seed = 0;
  TrainResult result;
  double wall_seconds = 0.0;
  int64_t bytes_per_epoch = 0;  ///< median over epochs of what training sent
};

std::string_view ending_name(Ending ending);

/// summary.json of one run.
Json summarise(const RunConfig& config, const RunRecord& record);

/// summary.json over several: means, standard deviations (of a sample), sums of seconds and bytes; each run under
/// "runs".
Json summarise(const RunConfig& config, const std::vector<RunRecord>& records);

/// The public form.
RunResult to_run_result(const RunRecord& record);

/// What training sent in this epoch: neither evaluation nor what is sent once.
int64_t training_bytes(const EpochMetrics& metrics);

/// The middle of the sorted values, or the mean of the two in the middle; 0 of none.
double median(std::vector<double> values);

}  // namespace tersegraph
