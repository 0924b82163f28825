#include "run/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "run/report_compare.h"
#include "run/report_html.h"
#include "run/report_runs.h"
#include "run/report_single.h"
#include "run/report_table.h"

namespace tersegraph {
namespace {

// Folders of the same name, in different places, go by their paths.
void tell_apart(std::vector<ReportRun>& runs) {
  std::vector<std::string> names;
  for (const ReportRun& run : runs) names.push_back(run.name);
  for (ReportRun& run : runs) {
    if (std::ranges::count(names, run.name) > 1) run.name = run.folder;
  }
}

std::vector<ReportRun> read_runs(const std::vector<std::string>& folders) {
  std::vector<ReportRun> runs;
  for (const std::string& folder : folders) runs.push_back(read_report_run(folder));
  if (runs.size() > 1) tell_apart(runs);
  return runs;
}

Json table_of(const std::vector<std::string>& folders, TableOf of) {
  return of == TableOf::runs ? runs_table(read_runs(folders)) : epochs_table(read_runs(folders));
}

}  // namespace

std::string report_json(const std::vector<std::string>& folders, TableOf of) {
  return table_of(folders, of).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string report_csv(const std::vector<std::string>& folders, TableOf of) {
  return to_csv(table_of(folders, of));
}

std::string report_page(const std::vector<std::string>& folders, const Dataset* loaded, const DatasetFacts* facts) {
  const std::vector<ReportRun> runs = read_runs(folders);
  if (runs.size() == 1) {
    return html_page(fmt::format("{}: a run of tersegraph", runs.front().name),
                     single_run_html(runs.front(), loaded, facts));
  }
  return html_page(fmt::format("{} runs of tersegraph", runs.size()), compared_runs_html(runs));
}

}  // namespace tersegraph
