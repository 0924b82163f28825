#include "run/report_single.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "data/shard_folder.h"
#include "run/report_classes.h"
#include "run/report_curves.h"
#include "run/report_facts.h"
#include "run/report_html.h"
#include "run/units.h"

namespace tersegraph {
namespace {

// Beyond this a matrix is no longer read cell by cell.
constexpr size_t kMostRanks = 32;

void add(LineChart& chart, const std::vector<Line>& lines) {
  chart.lines.insert(chart.lines.end(), lines.begin(), lines.end());
}

std::string seeds_note(const ReportRun& run) {
  return run.traces.size() == 1 ? "" : "Thin: single runs; thick: their mean over the epochs that all of them reached.";
}

// Losses of a run that diverges span many powers of ten.
bool spans_decades(const LineChart& chart) {
  double low = std::numeric_limits<double>::infinity(), high = 0.0;
  for (const Line& line : chart.lines) {
    for (const Point& point : line.points) {
      if (!std::isfinite(point.y)) continue;
      low = std::min(low, point.y);
      high = std::max(high, point.y);
    }
  }
  return low > 0 && high > 100 * low;
}

std::string loss_chart(const ReportRun& run) {
  LineChart chart{"loss", "Training loss", seeds_note(run)};
  chart.y_title = "loss";
  add(chart, curve(run, "training loss", 0, "train_loss"));
  chart.logarithmic = spans_decades(chart);
  return to_html(chart);
}

std::string score_chart(const ReportRun& run) {
  const std::string score = score_name(run.task);
  LineChart chart{"score", "Scores: " + score, seeds_note(run)};
  chart.y_title = score;
  chart.y_unit = score_unit(run.task);
  add(chart, curve(run, "training", 0, "train_accuracy"));
  add(chart, curve(run, "validation", 1, "val_accuracy"));
  add(chart, curve(run, "test", 2, "test_accuracy"));
  if (run.traces.size() == 1) {
    chart.mark = number_at(run.summary, "best_epoch");
    chart.mark_words = "best by validation";
  }
  return to_html(chart);
}

std::string learning_rate_chart(const ReportRun& run) {
  LineChart chart{"rate", "Learning rate", ""};
  chart.y_title = "learning rate";
  add(chart, curve(run, "learning rate", 0, "learning_rate"));
  const auto& points = chart.lines.front().points;
  const bool constant = std::ranges::all_of(points, [&](const Point& point) { return point.y == points.front().y; });
  return constant ? "" : to_html(chart);
}

std::string objective_chart(const ReportRun& run) {
  LineChart chart{"objective", "Objective and augmented Lagrangian", seeds_note(run)};
  chart.y_title = "value";
  chart.logarithmic = true;
  add(chart, curve(run, "objective", 0, "objective"));
  add(chart, curve(run, "Lagrangian", 1, "lagrangian"));
  return to_html(chart);
}

std::string residual_chart(const ReportRun& run) {
  LineChart chart{"residuals", "Residuals ‖p − q‖ by link", seeds_note(run)};
  chart.y_title = "residual";
  chart.logarithmic = chart.ordered = true;
  const size_t links = longest_array(run, "residuals");
  for (size_t link = 0; link < links; ++link) {
    add(chart,
        element_curve(run, fmt::format("{} to {}", link + 1, link + 2), static_cast<int>(link), "residuals", link));
  }
  return to_html(chart);
}

std::string training_section(const ReportRun& run) {
  return html_section("training", "Training",
                      "<div class=\"charts\">\n" + score_chart(run) + loss_chart(run) + learning_rate_chart(run) +
                          objective_chart(run) + residual_chart(run) + "</div>\n");
}

/// How long rows of other ranks were on their way, and how much of that cost time.
std::string waits_html(const ReportRun& run, const std::string& each) {
  StackChart chart = waits_by_epoch(run);
  if (chart.parts.empty()) return "";
  chart.id = "waits";
  chart.title = "Rows of other ranks on their way";
  chart.note = "Of rank 0. What is hidden takes no time of its own: the phases above go on meanwhile.";
  chart.y_title = "time";
  chart.y_unit = Unit::seconds;
  std::vector<std::pair<std::string, double>> sums;
  for (size_t part = 0; part < chart.names.size(); ++part) {
    sums.emplace_back(chart.names[part], std::accumulate(chart.parts[part].begin(), chart.parts[part].end(), 0.0));
  }
  return to_html(chart) + "<div>\n" +
         share_table("Rows of other ranks on their way, over all epochs" + each, "of which", Unit::seconds, sums) +
         "</div>\n";
}

std::string time_section(const ReportRun& run) {
  StackChart chart = stack_by_epoch(run, "seconds");
  chart.id = "time";
  chart.title = "Time of an epoch by phase";
  chart.note = "Of rank 0.";
  chart.y_title = "time";
  chart.y_unit = Unit::seconds;
  const std::string each = run.traces.size() > 1 ? ", mean of the runs" : "";
  return html_section("time-by-phase", "Time",
                      "<div class=\"charts\">\n" + to_html(chart) + "<div>\n" +
                          share_table("Time by phase over all epochs, of rank 0" + each, "phase", Unit::seconds,
                                      sums_by_name(run, "seconds")) +
                          "</div>\n" + waits_html(run, each) + "</div>\n");
}

std::string bits_charts(const ReportRun& run) {
  LineChart mean{"mean-bits", "Bits a value, mean over what was sent", seeds_note(run)};
  mean.y_title = "width";
  mean.y_unit = Unit::bits;
  add(mean, curve(run, "mean", 0, "mean_bits"));
  LineChart layers{"layer-bits", "Bits a value, by direction and layer", seeds_note(run)};
  layers.y_title = "width";
  layers.y_unit = Unit::bits;
  std::vector<std::string> names = keys_by_weight(run, "bits");
  std::ranges::sort(names);
  layers.ordered = names.size() > 8;
  for (size_t i = 0; i < names.size(); ++i) {
    add(layers, curve(run, names[i], static_cast<int>(i), names[i], Along::epochs, "bits"));
  }
  return to_html(mean) + to_html(layers);
}

/// bytes_sent.between_ranks, summed over the runs; empty where it is missing or of one rank.
std::vector<std::vector<double>> traffic_of(const ReportRun& run) {
  std::vector<std::vector<double>> sums;
  for (const Trace& trace : run.traces) {
    const Json& bytes = object_at(trace.summary, "bytes_sent");
    const auto found = bytes.find("between_ranks");
    if (found == bytes.end() || !found->is_array() || found->size() < 2) return {};
    const size_t ranks = found->size();
    sums.resize(ranks, std::vector<double>(ranks, 0.0));
    for (size_t from = 0; from < std::min(ranks, sums.size()); ++from) {
      const Json& row = (*found)[from];
      for (size_t to = 0; row.is_array() && to < std::min(row.size(), sums[from].size()); ++to) {
        if (row[to].is_number()) sums[from][to] += row[to].get<double>();
      }
    }
  }
  return sums;
}

std::string rank_totals(const std::vector<std::vector<double>>& traffic) {
  HtmlTable table{"Bytes by rank", {"rank", "sent", "received"}, {}};
  for (size_t rank = 0; rank < traffic.size(); ++rank) {
    double sent = 0.0, received = 0.0;
    for (size_t other = 0; other < traffic.size(); ++other) {
      sent += traffic[rank][other];
      received += traffic[other][rank];
    }
    table.rows.push_back({fmt::format("{}", rank), format_bytes(sent), format_bytes(received)});
  }
  return to_html(table);
}

std::string traffic_table(const ReportRun& run) {
  const auto traffic = traffic_of(run);
  if (traffic.empty()) return "";
  if (traffic.size() > kMostRanks) return rank_totals(traffic);
  HeatTable table;
  table.caption = "Bytes from rank to rank, of all kinds";
  table.row_title = "from rank";
  table.column_title = "to rank";
  double largest = 0.0;
  for (const auto& row : traffic) largest = std::max(largest, *std::ranges::max_element(row));
  for (size_t from = 0; from < traffic.size(); ++from) {
    table.row_names.push_back(fmt::format("{}", from));
    std::vector<std::string> words;
    std::vector<double> shades;
    for (size_t to = 0; to < traffic.size(); ++to) {
      words.push_back(from == to ? "–" : format_bytes(traffic[from][to]));
      shades.push_back(largest > 0 ? traffic[from][to] / largest : 0.0);
    }
    table.words.push_back(words);
    table.shades.push_back(shades);
  }
  table.column_names = table.row_names;
  return to_html(table);
}

// The summary also counts what was sent after the last epoch.
std::vector<std::pair<std::string, double>> bytes_by_kind(const ReportRun& run) {
  auto kinds = numbers_at(object_at(run.summary, "bytes_sent"), "by_kind");
  std::erase_if(kinds, [](const auto& kind) { return kind.second <= 0; });
  for (auto& [name, bytes] : kinds) name = spoken(name);
  std::ranges::stable_sort(kinds, [](const auto& a, const auto& b) { return a.second > b.second; });
  return kinds;
}

std::string traffic_section(const ReportRun& run) {
  const auto kinds = bytes_by_kind(run);
  if (kinds.empty()) return html_section("bytes-sent", "Bytes sent", html_note("One rank sends nothing."));
  StackChart chart = stack_by_epoch(run, "bytes");
  chart.id = "bytes";
  chart.title = "Bytes of an epoch by kind";
  chart.note = "Sent by all ranks together, headers included.";
  chart.y_title = "sent";
  chart.y_unit = Unit::bytes;
  const std::string each = run.traces.size() > 1 ? ", all runs together" : "";
  return html_section("bytes-sent", "Bytes sent",
                      "<div class=\"charts\">\n" + to_html(chart) + "<div>\n" +
                          share_table("Bytes by kind over the whole run" + each, "kind", Unit::bytes, kinds) +
                          "</div>\n" + bits_charts(run) + "</div>\n" + traffic_table(run));
}

std::string classes_section(const ReportRun& run, const Dataset& dataset) {
  std::string html;
  try {
    html = classes_html(run, dataset);
  } catch (const InputError& error) {
    html = html_note(fmt::format("Not shown: {}", error.what()));
  }
  return html.empty() ? "" : html_section("classes", "Test nodes by class", html);
}

std::string data_sections(const ReportRun& run, const Dataset& dataset, const DatasetFacts& facts) {
  return classes_section(run, dataset) + html_section("data", "Data", data_html(facts));
}

std::string data_sections(const ReportRun& run, const Dataset* loaded, const DatasetFacts* facts) {
  try {
    if (loaded != nullptr) return data_sections(run, *loaded, facts != nullptr ? *facts : describe(*loaded));
    const std::string& data = run.config.data;
    if (is_sharded(data)) {
      const ShardManifest manifest = read_manifest(data);
      return data_sections(run, read_sharded_labels(data, manifest), manifest.facts);
    }
    const Dataset dataset = load_dataset(data);
    return data_sections(run, dataset, describe(dataset));
  } catch (const InputError& error) {
    return html_section("data", "Data", html_note(fmt::format("The data could not be read again: {}", error.what())));
  }
}

}  // namespace

std::string single_run_html(const ReportRun& run, const Dataset* loaded, const DatasetFacts* facts) {
  return fmt::format("<header>\n<h1>{}</h1>\n<p>{}</p>\n</header>\n", escape_html(run.name),
                     escape_html(fmt::format("{} on {}", run_words(run), run.config.data))) +
         html_section("headlines", "Result", figure_cards(headline_figures(run)) + seeds_html(run)) +
         training_section(run) + time_section(run) + traffic_section(run) + data_sections(run, loaded, facts) +
         html_section("options", "Options", config_html(run) + summary_html(run));
}

}  // namespace tersegraph
