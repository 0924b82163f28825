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

Subcommand report_subcommand() {
  static ReportWords words;
  return {.name = "report",
          .help = "write a page on a run, or one that compares several",
          .footer =
              "Examples:\n"
              "  tersegraph report runs/20250131T120000Z-gcn\n"
              "  tersegraph report runs/exact runs/uniform-4 runs/uniform-2 --out compared.html",
          .arguments =
              {{.name = "RUN", .help = "folders that tersegraph train wrote", .target = &words.runs, .required = true},
               {.name = "--out",
                .help = "the page",
                .target = &words.out,
                .takes = "FILE.html",
                .by_default = "report.html in the run's folder; of several, here"}},
          .run = [] { return report_command(words); }};
}

}  // namespace tersegraph
