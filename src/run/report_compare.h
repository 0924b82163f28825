#pragma once

#include <string>
#include <vector>

#include "run/report_runs.h"

namespace tersegraph {

/// The body of a page on several runs.
std::string compared_runs_html(const std::vector<ReportRun>& runs);

}  // namespace tersegraph
