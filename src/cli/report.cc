#include "run/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "run/suggest.h"

namespace tersegraph {
namespace {

const std::vector<std::string> kFormats = {"html", "csv", "json"};

struct ReportWords {
  std::vector<std::string> runs;
  std::string out, format = "html";
  bool epochs = false;
};

std::string text_of(const ReportWords& words) {
  const TableOf of = words.epochs ? TableOf::epochs : TableOf::runs;
  if (words.format == "csv") return report_csv(words.runs, of);
  if (words.format == "json") return report_json(words.runs, of);
  if (words.format != "html") {
    const std::vector<std::string_view> known(kFormats.begin(), kFormats.end());
    fail_input("--format is '{}'; known: {}{}", words.format, fmt::join(known, ", "),
               did_you_mean(words.format, known));
  }
  if (words.epochs) fail_input("--epochs is for --format csv or json; the page shows every epoch");
  return report_page(words.runs);
}

int report_command(const ReportWords& words) {
  const std::string text = text_of(words);
  std::string out = words.out;
  if (words.format != "html" && out.empty()) {
    fmt::print("{}", text);
    return 0;
  }
  if (out.empty()) {
    out = words.runs.size() == 1 ? std::filesystem::path(words.runs.front()) / "report.html" : "report.html";
  }
  write_file_atomically(out, std::string_view(text));
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
              "  tersegraph report runs/exact runs/uniform-4 runs/uniform-2 --out compared.html\n"
              "  tersegraph report runs/exact runs/uniform-4 --format csv",
          .arguments = {{.name = "RUN",
                         .help = "folders that tersegraph train wrote",
                         .target = &words.runs,
                         .required = true,
                         .offers = Offers::folders},
                        {.name = "--out",
                         .help = "the page or table",
                         .target = &words.out,
                         .takes = "FILE",
                         .by_default = "report.html in the run's folder; of several, here; tables: standard output",
                         .offers = Offers::files},
                        {.name = "--format",
                         .help = "a page, or the numbers in full with a row for each run",
                         .target = &words.format,
                         .takes = fmt::format("{}", fmt::join(kFormats, "|")),
                         .by_default = "html",
                         .choices = kFormats},
                        {.name = "--epochs",
                         .help = "of csv and json: a row for each epoch instead of each run",
                         .target = &words.epochs}},
          .run = [] { return report_command(words); }};
}

}  // namespace tersegraph
