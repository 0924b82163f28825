#pragma once

#include <string>

#include "data/describe.h"
#include "run/report_html.h"
#include "run/report_runs.h"

namespace tersegraph {

/// "95.67 %", or "95.67 ± 0.31 %" over several seeds; "–" where the run has no such score.
std::string score_words(const ReportRun& run, const std::string& key);

/// "gcn, exchange uniform at 4 bits, 4 ranks".
std::string run_words(const ReportRun& run);

/// What the run came to, the figures that one looks for first.
std::vector<Figure> headline_figures(const ReportRun& run);

/// The options that were read and are not the default, then config.toml whole.
std::string config_html(const ReportRun& run);

/// What the dataset is.
std::string data_html(const DatasetFacts& facts);

/// Every number and word of summary.json that is not in an object of its own.
std::string summary_html(const ReportRun& run);

/// With several seeds: a row each.
std::string seeds_html(const ReportRun& run);

}  // namespace tersegraph
