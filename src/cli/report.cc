#include "run/report.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "cli/commands.h"

namespace tersegraph {
namespace {

struct ReportWords {
  std::vector<std::string> runs;
  std::string out;
};

int report_command(const ReportWords& words) {
  const std::string page = report_page(words.runs);
  std::string out = words.out;
  if (out.empty())
    out = words.runs.size() == 1 ? std::filesystem::path(words.runs.front()) / "report.html" : "report.html";
  write_file_atomically(out, std::string_view(page));
  fmt::print("{:<16} {}\n", "written", out);
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("report", "write a page on a run, or one that compares several");
  static ReportWords words;
  command->add_option("RUN", words.runs, "folders that tersegraph train wrote")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--out", words.out, "the page")
      ->type_name("FILE.html")
      ->default_str("report.html in the run's folder; of several, here");
  command->footer(
      "Examples:\n"
      "  tersegraph report runs/20250131T120000Z-gcn\n"
      "  tersegraph report runs/exact runs/uniform-4 runs/uniform-2 --out compared.html");
  command->callback([&chosen] { chosen = [] { return report_command(words); }; });
}

}  // namespace tersegraph
