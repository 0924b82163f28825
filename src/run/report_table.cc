#include "run/report_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace tersegraph {
namespace {

/// Sums of a phase and of what was hidden, in the mean over seeds; rank 0.
double mean_sum(const ReportRun& run, const char* group, const char* key) {
  double sum = 0.0;
  for (const Trace& trace : run.traces) {
    for (const Json& epoch : trace.epochs) {
      sum += number_at(*group == '\0' ? epoch : object_at(epoch, group), key).value_or(0);
    }
  }
  return sum / static_cast<double>(run.traces.size());
}

Json run_row(const ReportRun& run) {
  const RunConfig& config = run.config;
  Json row = {{"run", run.name},
              {"folder", run.folder},
              {"data", config.data},
              {"model", config.model},
              {"layers", config.layers},
              {"hidden", config.hidden},
              {"optimizer", config.optimizer},
              {"exchange", config.exchange},
              {"bits", config.bits},
              {"seeds", run.traces.size()}};
  for (const auto& [key, value] : run.summary.items()) {
    const bool told = key == "runs" || key == "seed" || value.is_array();
    if (!told) row[key] = value;
  }
  if (const auto sent = row.find("bytes_sent"); sent != row.end() && sent->is_object()) sent->erase("between_ranks");
  row["wait_seconds"] = mean_sum(run, "seconds", "wait");
  row["hidden_seconds"] = mean_sum(run, "", "hidden_seconds");
  return row;
}

using Cells = std::map<std::string, std::string>;

std::string csv_word(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return value.dump();
  std::string word = value.get<std::string>();
  if (word.find_first_of(",\"\r\n") == std::string::npos) return word;
  for (size_t at = 0; (at = word.find('"', at)) != std::string::npos; at += 2) word.insert(at, 1, '"');
  return '"' + word + '"';
}

void spread(const std::string& name, const Json& value, Cells& cells, std::vector<std::string>& columns) {
  if (value.is_structured()) {
    for (const auto& [key, part] : value.items()) spread(name.empty() ? key : name + "." + key, part, cells, columns);
    return;
  }
  if (std::ranges::find(columns, name) == columns.end()) columns.push_back(name);
  cells[name] = csv_word(value);
}

}  // namespace

Json runs_table(const std::vector<ReportRun>& runs) {
  Json rows = Json::array();
  for (const ReportRun& run : runs) rows.push_back(run_row(run));
  return rows;
}

Json epochs_table(const std::vector<ReportRun>& runs) {
  Json rows = Json::array();
  for (const ReportRun& run : runs) {
    for (const Trace& trace : run.traces) {
      for (const Json& epoch : trace.epochs) {
        Json row = {{"run", run.name}, {"seed", trace.seed}};
        row.update(epoch);
        rows.push_back(row);
      }
    }
  }
  return rows;
}

std::string to_csv(const Json& rows) {
  std::vector<Cells> table;
  std::vector<std::string> columns;
  for (const Json& row : rows) spread("", row, table.emplace_back(), columns);
  std::string csv;
  for (const std::string& column : columns) csv += (csv.empty() ? "" : ",") + csv_word(column);
  csv += "\n";
  for (const Cells& cells : table) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto found = cells.find(columns[i]);
      csv += (i == 0 ? "" : ",") + (found == cells.end() ? "" : found->second);
    }
    csv += "\n";
  }
  return csv;
}

}  // namespace tersegraph
