#pragma once

#include <string>
#include <vector>

#include "run/report_runs.h"

namespace tersegraph {

/// An array of objects, one a run: what was run and what it came to; of several seeds the means, and "std".
Json runs_table(const std::vector<ReportRun>& runs);

/// An object for each epoch of each seed: the line of metrics.jsonl, with the run's name and seed in front.
Json epochs_table(const std::vector<ReportRun>& runs);

/// RFC 4180. The columns are those of any row, in the order of their first appearance; objects and arrays within a row
/// are spread over columns, "bytes.halo_forward", "residuals.0".
std::string to_csv(const Json& rows);

}  // namespace tersegraph
