#include "run/report_facts.h"

#include <fmt/format.h>

#include <cmath>

#include "data/describe.h"
#include "run/options.h"
#include "run/report_curves.h"
#include "run/units.h"

namespace tersegraph {
namespace {

double figure_at(const Json& summary, const char* key) {
  return number_at(summary, key).value_or(std::nan(""));
}

Unit unit_of(Task task, const std::string& key) {
  return key.ends_with("_f1") || key.ends_with("_auc") ? Unit::share : score_unit(task);
}

// The score shown first, and which part of the nodes it is of.
std::string main_score(const ReportRun& run) {
  for (const char* key : {"test_accuracy", "val_accuracy", "train_accuracy"}) {
    if (number_at(run.summary, key)) return key;
  }
  return "";
}

std::string part_words(const std::string& key) {
  return key.starts_with("test") ? "Test" : key.starts_with("val") ? "Validation" : "Training";
}

std::string ending_words(const ReportRun& run) {
  const auto found = run.summary.find("ending");
  return found != run.summary.end() && found->is_string() ? found->get<std::string>() : "ended";
}

}  // namespace

std::string score_words(const ReportRun& run, const std::string& key) {
  const auto score = number_at(run.summary, key);
  if (!score) return "–";
  const Unit unit = unit_of(run.task, key);
  const auto deviation = number_at(object_at(run.summary, "std"), key);
  if (!deviation) return value_words(unit, *score);
  if (unit == Unit::share) return fmt::format("{:.2f} ± {:.2f} %", 100 * *score, 100 * *deviation);
  return fmt::format("{:.4f} ± {:.4f}", *score, *deviation);
}

std::string run_words(const ReportRun& run) {
  const RunConfig& config = run.config;
  const bool admm = config.optimizer == "admm";
  std::string words = config.model + ", " + config.optimizer;
  if (admm && config.quantize != "none") words += fmt::format(", {} at {} bits", config.quantize, config.bits);
  const auto ranks = static_cast<int64_t>(number_at(run.summary, "ranks").value_or(1));
  words += ranks == 1 ? ", 1 rank" : fmt::format(", {} ranks", ranks);
  if (!admm && ranks > 1) {
    words += ", exchange " + config.exchange;
    if (config.exchange == "uniform" && config.bits > 0) words += fmt::format(" at {} bits", config.bits);
  }
  if (run.traces.size() > 1) words += fmt::format(", {} seeds", run.traces.size());
  return words;
}

std::vector<Figure> headline_figures(const ReportRun& run) {
  const Json& summary = run.summary;
  const Json& bytes = object_at(summary, "bytes_sent");
  const Json& seconds = object_at(summary, "epoch_seconds");
  std::vector<Figure> figures;
  if (const std::string key = main_score(run); !key.empty()) {
    figures.push_back(
        {part_words(key) + " " + score_name(run.task), score_words(run, key),
         fmt::format("{}at epoch {} of {}, the best by validation", run.traces.size() > 1 ? "on average " : "",
                     value_words(Unit::number, figure_at(summary, "best_epoch")),
                     value_words(Unit::number, figure_at(summary, "epochs")))});
  }
  if (number_at(summary, "test_macro_f1")) {
    figures.push_back({"Test macro-F1", score_words(run, "test_macro_f1"), "the mean over classes"});
  }
  figures.push_back(
      {"An epoch takes", value_words(Unit::seconds, figure_at(seconds, "median")),
       fmt::format("median of training alone; at least {}", value_words(Unit::seconds, figure_at(seconds, "min")))});
  figures.push_back({"Whole run", value_words(Unit::seconds, figure_at(summary, "wall_seconds")),
                     "with loading and evaluation; " + ending_words(run)});
  figures.push_back({"Sent in training", value_words(Unit::bytes, figure_at(bytes, "per_epoch")) + " an epoch",
                     value_words(Unit::bytes, figure_at(bytes, "total")) + " in all, evaluation included"});
  if (number_at(bytes, "total").value_or(0) > 0) {
    figures.push_back({"A value sent has", value_words(Unit::bits, figure_at(summary, "mean_bits")),
                       "in the mean, of 32 without rounding"});
  }
  figures.push_back({"Memory", value_words(Unit::bytes, figure_at(summary, "peak_rss_bytes")),
                     "at the most, of the largest process"});
  return figures;
}

std::string config_html(const ReportRun& run) {
  const TrainerKind kind = trainer_kind(run.config);
  HtmlTable table{"Options that differ from their defaults", {"option", "value", "meaning"}, {}, false};
  for (const Option& option : options()) {
    if (!option.repeats || !option.read_by(kind)) continue;
    const std::string word = option_word(run.config, option);
    if (word == option_word({}, option)) continue;
    table.rows.push_back({fmt::format("--{}", option.name), word, std::string(option.help)});
  }
  std::string html = table.rows.empty() ? html_note("Every option has its default.") : to_html(table);
  return html +
         html_details("config.toml", fmt::format("<pre tabindex=\"0\">{}</pre>\n", escape_html(run.config_text)));
}

std::string data_html(const DatasetFacts& facts) {
  HtmlTable table{"The data", {}, {}, false};
  auto row = [&](const char* name, const std::string& words) { table.rows.push_back({name, words}); };
  row("name", facts.name);
  row("nodes", fmt::format("{}, {} of them isolated", format_count(facts.nodes), format_count(facts.isolated)));
  row("edges",
      facts.directed ? format_count(facts.edges) + ", directed" : format_count(facts.edges / 2) + ", undirected");
  row("degree", fmt::format("{:.1f} on average, {} at most", facts.mean_degree, format_count(facts.max_degree)));
  row("features", format_count(facts.features) + " a node" + (facts.sparse_features ? ", sparse" : ""));
  row("labels", fmt::format("{} outputs ({}), of {} nodes", format_count(facts.outputs),
                            facts.task == Task::multiclass   ? "a class each"
                            : facts.task == Task::multilabel ? "several labels a node"
                                                             : "values to predict",
                            format_count(facts.labelled)));
  if (std::isfinite(facts.edge_homophily)) {
    row("homophily", fmt::format("{:.1f} % of the edges join nodes of a class", 100 * facts.edge_homophily));
  }
  return to_html(table);
}

std::string summary_html(const ReportRun& run) {
  HtmlTable table{"Figures of summary.json", {"figure", "value"}, {}, false};
  for (const auto& [name, value] : run.summary.items()) {
    if (value.is_structured()) continue;
    std::string words = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_number() && name.ends_with("bytes")) words += " B";
    if (value.is_number() && name.ends_with("seconds")) words += " s";
    table.rows.push_back({spoken(name), words});
  }
  return html_details("All figures of the summary", to_html(table));
}

std::string seeds_html(const ReportRun& run) {
  if (run.traces.size() == 1) return "";
  HtmlTable table;
  table.caption = "Runs by seed";
  const std::string score = score_name(run.task);
  table.head = {"seed",   "test " + score, "validation " + score, "best epoch",
                "epochs", "an epoch",      "whole run",           "sent"};
  const Unit unit = score_unit(run.task);
  for (const Trace& trace : run.traces) {
    const Json& summary = trace.summary;
    table.rows.push_back({fmt::format("{}", trace.seed), value_words(unit, figure_at(summary, "test_accuracy")),
                          value_words(unit, figure_at(summary, "val_accuracy")),
                          value_words(Unit::number, figure_at(summary, "best_epoch")),
                          value_words(Unit::number, figure_at(summary, "epochs")),
                          value_words(Unit::seconds, figure_at(object_at(summary, "epoch_seconds"), "median")),
                          value_words(Unit::seconds, figure_at(summary, "wall_seconds")),
                          value_words(Unit::bytes, figure_at(object_at(summary, "bytes_sent"), "total"))});
  }
  return to_html(table);
}

}  // namespace tersegraph
