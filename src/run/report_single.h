#pragma once

#include <string>

#include "data/dataset.h"
#include "run/report_runs.h"

namespace tersegraph {

/// The body of a page on one run. `loaded`: its dataset where the caller has it; nullptr: it is read again.
std::string single_run_html(const ReportRun& run, const Dataset* loaded);

}  // namespace tersegraph
