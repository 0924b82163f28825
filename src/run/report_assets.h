#pragma once

#include <string_view>

namespace tersegraph {

/// The texts of report/report.css and report/report.js, which the build takes in.
extern const std::string_view kReportStyle;
extern const std::string_view kReportScript;

}  // namespace tersegraph
