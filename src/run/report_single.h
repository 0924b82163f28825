#pragma once

#include <string>

#include "data/describe.h"
#include "run/report_runs.h"

namespace tersegraph {

/// The body of a page on one run; `loaded` and `facts` as in report_page().
std::string single_run_html(const ReportRun& run, const Dataset* loaded, const DatasetFacts* facts);

}  // namespace tersegraph
