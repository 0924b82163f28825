#include "run/report_classes.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "data/npy.h"
#include "data/split.h"
#include "run/report_html.h"
#include "run/units.h"

namespace tersegraph {
namespace {

// Beyond this a matrix is no longer read cell by cell.
constexpr int64_t kMostClasses = 24;

struct Outcomes {
  int64_t hits = 0, labelled = 0, predicted = 0;
};

class TestOutcomes {
 public:
  explicit TestOutcomes(const Labels& labels) : labels_(labels), outcomes_(labels.outputs) {
    if (labels.task == Task::multiclass && labels.outputs <= kMostClasses) {
      confusion_.assign(labels.outputs, std::vector<int64_t>(labels.outputs, 0));
    }
  }

  void add(const std::string& path, std::span<const int64_t> test) {
    const std::string bytes = read_file(path);
    const ArrayView array = parse_npy(std::as_bytes(std::span(bytes)), path);
    if (labels_.task == Task::multiclass) {
      add_classes(to_vector<int32_t>(array), path, test);
    } else {
      add_probabilities(to_vector<float>(array), path, test);
    }
  }

  const std::vector<Outcomes>& outcomes() const { return outcomes_; }
  const std::vector<std::vector<int64_t>>& confusion() const { return confusion_; }

 private:
  void add_classes(const std::vector<int32_t>& predictions, const std::string& path, std::span<const int64_t> test) {
    if (predictions.size() != labels_.classes.size())
      fail_input("{} is of another number of nodes than the data", path);
    for (const int64_t node : test) {
      const int32_t label = labels_.classes[node], prediction = predictions[node];
      if (prediction < 0 || prediction >= labels_.outputs)
        fail_input("{} predicts classes that the data has not", path);
      if (label < 0) continue;
      add_one(label, true, label == prediction);
      if (label != prediction) add_one(prediction, false, true);
      if (!confusion_.empty()) ++confusion_[label][prediction];
    }
  }

  void add_probabilities(const std::vector<float>& predictions, const std::string& path,
                         std::span<const int64_t> test) {
    const int64_t outputs = labels_.outputs;
    if (std::ssize(predictions) != labels_.targets.rows() * outputs) {
      fail_input("{} is of another number of nodes or labels than the data", path);
    }
    for (const int64_t node : test) {
      for (int64_t label = 0; label < outputs; ++label) {
        add_one(label, labels_.targets.row(node)[label] > 0.5f, predictions[node * outputs + label] > 0.5f);
      }
    }
  }

  void add_one(int64_t label, bool labelled, bool predicted) {
    outcomes_[label].labelled += labelled ? 1 : 0;
    outcomes_[label].predicted += predicted ? 1 : 0;
    outcomes_[label].hits += labelled && predicted ? 1 : 0;
  }

  const Labels& labels_;
  std::vector<Outcomes> outcomes_;
  std::vector<std::vector<int64_t>> confusion_;  ///< [label][prediction]
};

double ratio(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : std::numeric_limits<double>::quiet_NaN();
}

std::string class_table(const std::vector<Outcomes>& outcomes, Task task) {
  const bool classes = task == Task::multiclass;
  HtmlTable table;
  table.caption = classes ? "Test nodes by class" : "Test nodes by label (predicted: probability over one half)";
  table.head = {
      classes ? "class" : "label", "nodes", "predicted", classes ? "accuracy (recall)" : "recall", "precision", "F1"};
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const Outcomes& one = outcomes[i];
    table.rows.push_back({fmt::format("{}", i), format_count(one.labelled), format_count(one.predicted),
                          value_words(Unit::share, ratio(one.hits, one.labelled)),
                          value_words(Unit::share, ratio(one.hits, one.predicted)),
                          value_words(Unit::share, ratio(2 * one.hits, one.labelled + one.predicted))});
  }
  return to_html(table);
}

std::string confusion_table(const std::vector<std::vector<int64_t>>& confusion) {
  HeatTable table;
  table.caption = "Confusion matrix of the test nodes; shades are shares of a row";
  table.row_title = "class";
  table.column_title = "predicted class";
  for (size_t label = 0; label < confusion.size(); ++label) {
    table.row_names.push_back(fmt::format("{}", label));
    std::vector<std::string> words;
    std::vector<double> shades;
    int64_t sum = 0;
    for (const int64_t count : confusion[label]) sum += count;
    for (const int64_t count : confusion[label]) {
      words.push_back(format_count(count));
      shades.push_back(sum > 0 ? ratio(count, sum) : 0.0);
    }
    table.words.push_back(words);
    table.shades.push_back(shades);
  }
  table.column_names = table.row_names;
  return to_html(table);
}

}  // namespace

std::string classes_html(const ReportRun& run, const Dataset& dataset) {
  const Labels& labels = dataset.labels;
  if (labels.task == Task::regression || labels.outputs == 0) return "";
  TestOutcomes outcomes(labels);
  bool any = false;
  for (const Trace& trace : run.traces) {
    const Split split = choose_split(dataset, run.config.split, static_cast<int>(run.config.split_index),
                                     static_cast<uint64_t>(trace.seed));
    if (split.test.empty()) continue;
    outcomes.add((std::filesystem::path(trace.folder) / "predictions.npy").string(), split.test);
    any = true;
  }
  if (!any) return "";
  std::string html =
      run.traces.size() > 1 ? html_note(fmt::format("Summed over the test nodes of {} runs.", run.traces.size())) : "";
  if (!outcomes.confusion().empty()) html += confusion_table(outcomes.confusion());
  return html + class_table(outcomes.outcomes(), labels.task);
}

}  // namespace tersegraph
