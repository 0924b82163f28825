#include "run/report_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "run/options.h"
#include "run/report_curves.h"
#include "run/report_facts.h"
#include "run/report_html.h"

namespace tersegraph {
namespace {

struct ScoreKind {
  const char* key;
  const char* words;
};
constexpr ScoreKind kTest = {"test_accuracy", "test"}, kValidation = {"val_accuracy", "validation"};

bool same_task(const std::vector<ReportRun>& runs) {
  return std::ranges::all_of(runs, [&](const ReportRun& run) { return run.task == runs.front().task; });
}

std::string score_title(const std::vector<ReportRun>& runs) {
  return same_task(runs) ? score_name(runs.front().task) : "score";
}

std::string results_table(const std::vector<ReportRun>& runs) {
  HtmlTable table;
  table.caption = "Results";
  const std::string score = score_title(runs);
  table.head = {"run",       "test " + score, "validation " + score, "best epoch",  "epochs", "an epoch",
                "whole run", "sent an epoch", "sent in all",         "a value has", "ranks",  "memory"};
  for (const ReportRun& run : runs) {
    const Json& summary = run.summary;
    const Json& bytes = object_at(summary, "bytes_sent");
    auto words = [](Unit unit, const Json& object, const char* key) {
      return value_words(unit, number_at(object, key).value_or(std::nan("")));
    };
    table.rows.push_back({run.name, score_words(run, "test_accuracy"), score_words(run, "val_accuracy"),
                          words(Unit::number, summary, "best_epoch"), words(Unit::number, summary, "epochs"),
                          words(Unit::seconds, object_at(summary, "epoch_seconds"), "median"),
                          words(Unit::seconds, summary, "wall_seconds"), words(Unit::bytes, bytes, "per_epoch"),
                          words(Unit::bytes, bytes, "total"), words(Unit::bits, summary, "mean_bits"),
                          words(Unit::number, summary, "ranks"), words(Unit::bytes, summary, "peak_rss_bytes")});
  }
  return to_html(table);
}

std::string differences_table(const std::vector<ReportRun>& runs) {
  HtmlTable table{"Options in which the runs differ", {"option"}, {}, false};
  for (const ReportRun& run : runs) table.head.push_back(run.name);
  for (const Option& option : options()) {
    if (!option.repeats) continue;
    std::vector<std::string> row = {fmt::format("--{}", option.name)};
    for (const ReportRun& run : runs) row.push_back(option_word(run.config, option));
    if (std::adjacent_find(row.begin() + 1, row.end(), std::not_equal_to<>()) == row.end()) continue;
    // A word that stands for "automatic" is none that one could write.
    for (size_t i = 1; i < row.size(); ++i) {
      if (!option.automatic.empty() && row[i] == option_word({}, option)) row[i] = std::string(option.automatic);
    }
    table.rows.push_back(row);
  }
  return table.rows.empty() ? html_note("The runs have the same options.") : to_html(table);
}

LineChart score_chart(const std::vector<ReportRun>& runs, ScoreKind kind, Along along) {
  LineChart chart;
  for (const ReportRun& run : runs) {
    const int colour = static_cast<int>(&run - runs.data());
    const std::vector<Line> lines = curve(run, run.name, colour, kind.key, along);
    chart.lines.insert(chart.lines.end(), lines.begin(), lines.end());
    if (run.traces.size() > 1) chart.note = "Thin: single runs; thick: their mean over the epochs that all reached.";
  }
  chart.y_title = fmt::format("{} {}", kind.words, score_title(runs));
  chart.y_unit = same_task(runs) ? score_unit(runs.front().task) : Unit::number;
  return chart;
}

std::string score_by_epoch(const std::vector<ReportRun>& runs, ScoreKind kind) {
  LineChart chart = score_chart(runs, kind, Along::epochs);
  chart.id = fmt::format("{}-by-epoch", kind.words);
  chart.title = fmt::format("{} by epoch", chart.y_title);
  return to_html(chart);
}

std::string score_by_seconds(const std::vector<ReportRun>& runs) {
  LineChart chart = score_chart(runs, kTest, Along::seconds);
  chart.id = "score-by-seconds";
  chart.title = fmt::format("{} against time", chart.y_title);
  chart.x_title = "time of training";
  chart.x_unit = Unit::seconds;
  return to_html(chart);
}

std::string score_by_bytes(const std::vector<ReportRun>& runs) {
  LineChart chart = score_chart(runs, kTest, Along::bytes);
  chart.id = "score-by-bytes";
  chart.title = fmt::format("{} against bytes", chart.y_title);
  chart.x_title = "sent in training";
  chart.x_unit = Unit::bytes;
  // A run on one rank sends nothing: its curve would be a wall at 0.
  std::erase_if(chart.lines, [](const Line& line) { return line.points.empty() || line.points.back().x == 0; });
  if (chart.lines.empty()) return "";
  // One line has no legend.
  const std::string& first = chart.lines.front().name;
  if (std::ranges::all_of(chart.lines, [&](const Line& line) { return line.name == first; })) {
    chart.title += " of " + first;
  }
  chart.note += " Without evaluation and what is sent once before training; runs that send nothing are left out.";
  return to_html(chart);
}

std::string loss_by_epoch(const std::vector<ReportRun>& runs) {
  LineChart chart{"loss-by-epoch", "Training loss by epoch", ""};
  chart.y_title = "loss";
  chart.logarithmic = true;
  for (const ReportRun& run : runs) {
    const std::vector<Line> lines = curve(run, run.name, static_cast<int>(&run - runs.data()), "train_loss");
    chart.lines.insert(chart.lines.end(), lines.begin(), lines.end());
  }
  return to_html(chart);
}

std::string what_was_run(const std::vector<ReportRun>& runs) {
  HtmlTable table{"The runs", {"run", "what", "data", "folder"}, {}, false};
  for (const ReportRun& run : runs) table.rows.push_back({run.name, run_words(run), run.config.data, run.folder});
  return to_html(table) + differences_table(runs);
}

}  // namespace

std::string compared_runs_html(const std::vector<ReportRun>& runs) {
  return fmt::format("<header>\n<h1>{} runs compared</h1>\n</header>\n", runs.size()) +
         html_section("results", "Results", results_table(runs)) +
         html_section("curves", "Curves",
                      "<div class=\"charts\">\n" + score_by_epoch(runs, kTest) + score_by_epoch(runs, kValidation) +
                          score_by_bytes(runs) + score_by_seconds(runs) + loss_by_epoch(runs) + "</div>\n") +
         html_section("runs", "What was run", what_was_run(runs));
}

}  // namespace tersegraph
