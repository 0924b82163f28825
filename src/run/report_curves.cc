#include "run/report_curves.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace tersegraph {
namespace {

constexpr size_t kMostParts = 8;

using Reader = std::function<std::optional<double>(const Json& epoch)>;

double x_of(const Trace& trace, size_t index, Along along) {
  switch (along) {
    case Along::seconds:
      return trace.seconds[index];
    case Along::bytes:
      return trace.bytes[index];
    case Along::epochs:
      break;
  }
  return number_at(trace.epochs[index], "epoch").value_or(static_cast<double>(index + 1));
}

// Numbers that are there but not finite were written as null: they leave a gap, epochs without the number do not.
std::vector<Point> points_of(const Trace& trace, const Reader& read, Along along) {
  std::vector<Point> points;
  for (size_t i = 0; i < trace.epochs.size(); ++i) {
    if (const auto y = read(trace.epochs[i])) points.push_back({x_of(trace, i, along), *y});
  }
  return points;
}

std::vector<Point> mean_of(const std::vector<Line>& singles) {
  size_t shortest = std::numeric_limits<size_t>::max();
  for (const Line& single : singles) shortest = std::min(shortest, single.points.size());
  std::vector<Point> mean(shortest, Point{0, 0});
  const double count = static_cast<double>(singles.size());
  for (const Line& single : singles) {
    for (size_t i = 0; i < shortest; ++i) {
      mean[i].x += single.points[i].x / count;
      mean[i].y += single.points[i].y / count;
    }
  }
  return mean;
}

std::vector<Line> lines_of(const ReportRun& run, const std::string& name, int colour, const Reader& read, Along along) {
  std::vector<Line> lines;
  for (const Trace& trace : run.traces) lines.push_back({name, points_of(trace, read, along), colour, true});
  if (lines.size() == 1) {
    lines.front().background = false;
  } else {
    lines.push_back({name, mean_of(lines), colour, false});
  }
  return lines;
}

size_t most_epochs(const ReportRun& run) {
  size_t most = 0;
  for (const Trace& trace : run.traces) most = std::max(most, trace.epochs.size());
  return most;
}

/// Fills the chart's parts, one for each of its names, with what `read` finds in each epoch, in the mean over seeds.
void stack(const ReportRun& run, StackChart& chart,
           const std::function<void(const Json& epoch, std::vector<double>& values)>& read) {
  const size_t epochs = most_epochs(run);
  chart.parts.assign(chart.names.size(), std::vector<double>(epochs, 0.0));
  for (size_t epoch = 0; epoch < epochs; ++epoch) {
    chart.epochs.push_back(static_cast<double>(epoch + 1));
    std::vector<double> values(chart.names.size(), 0.0);
    double there = 0;
    for (const Trace& trace : run.traces) {
      if (epoch >= trace.epochs.size()) continue;
      read(trace.epochs[epoch], values);
      ++there;
    }
    for (size_t part = 0; part < values.size(); ++part) chart.parts[part][epoch] = values[part] / there;
  }
}

}  // namespace

std::vector<Line> curve(const ReportRun& run, const std::string& name, int colour, const std::string& key, Along along,
                        const std::string& group) {
  const Reader read = [&](const Json& epoch) -> std::optional<double> {
    const Json& object = group.empty() ? epoch : object_at(epoch, group);
    const auto found = object.find(key);
    if (found == object.end()) return std::nullopt;
    return number_at(object, key).value_or(std::numeric_limits<double>::quiet_NaN());
  };
  return lines_of(run, name, colour, read, along);
}

std::vector<Line> element_curve(const ReportRun& run, const std::string& name, int colour, const std::string& key,
                                size_t index) {
  const Reader read = [&](const Json& epoch) -> std::optional<double> {
    const auto found = epoch.find(key);
    if (found == epoch.end() || !found->is_array() || index >= found->size()) return std::nullopt;
    const Json& element = (*found)[index];
    return element.is_number() ? element.get<double>() : std::numeric_limits<double>::quiet_NaN();
  };
  return lines_of(run, name, colour, read, Along::epochs);
}

size_t longest_array(const ReportRun& run, const std::string& key) {
  size_t longest = 0;
  for (const Trace& trace : run.traces) {
    for (const Json& epoch : trace.epochs) {
      const auto found = epoch.find(key);
      if (found != epoch.end() && found->is_array()) longest = std::max(longest, found->size());
    }
  }
  return longest;
}

StackChart stack_by_epoch(const ReportRun& run, const std::string& key) {
  const std::vector<std::string> keys = keys_by_weight(run, key);
  const size_t parts = std::min(keys.size(), kMostParts);
  const bool has_rest = keys.size() > parts;
  StackChart chart;
  for (size_t part = 0; part < parts; ++part) {
    chart.names.push_back(has_rest && part + 1 == parts ? "other" : spoken(keys[part]));
  }
  stack(run, chart, [&](const Json& epoch, std::vector<double>& values) {
    for (const auto& [name, value] : numbers_at(epoch, key)) {
      const auto place = static_cast<size_t>(std::ranges::find(keys, name) - keys.begin());
      values[std::min(place, parts - 1)] += value;
    }
  });
  return chart;
}

StackChart waits_by_epoch(const ReportRun& run) {
  StackChart chart;
  chart.names = {"waited for", "hidden behind computation"};
  stack(run, chart, [](const Json& epoch, std::vector<double>& values) {
    values[0] += number_at(object_at(epoch, "seconds"), "wait").value_or(0);
    values[1] += number_at(epoch, "hidden_seconds").value_or(0);
  });
  const bool hidden = std::ranges::any_of(chart.parts[1], [](double seconds) { return seconds > 0; });
  if (!hidden) chart.parts.clear();
  return chart;
}

std::vector<std::pair<std::string, double>> sums_by_name(const ReportRun& run, const std::string& key) {
  std::vector<std::pair<std::string, double>> sums;
  for (const std::string& name : keys_by_weight(run, key)) {
    double sum = 0.0;
    for (const Trace& trace : run.traces) {
      for (const Json& epoch : trace.epochs) sum += number_at(object_at(epoch, key), name).value_or(0);
    }
    sums.emplace_back(spoken(name), sum / static_cast<double>(run.traces.size()));
  }
  return sums;
}

std::string spoken(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

std::string score_name(Task task) {
  switch (task) {
    case Task::multiclass:
      return "accuracy";
    case Task::multilabel:
      return "micro-F1";
    case Task::regression:
      return "R²";
  }
  return "";
}

Unit score_unit(Task task) {
  return task == Task::regression ? Unit::number : Unit::share;
}

}  // namespace tersegraph
