#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "run/report_chart.h"
#include "run/report_html.h"
#include "run/report_svg.h"

namespace tersegraph {
namespace {

constexpr size_t kMostColumns = 60;
constexpr size_t kMostRows = 60;

/// The chart's epochs in so few columns that each can be seen.
struct Columns {
  std::vector<std::string> names;
  std::vector<std::vector<double>> parts;  ///< [name][column], of an epoch in the mean
  std::vector<double> sums;
};

Columns columns_of(const StackChart& chart) {
  const size_t epochs = chart.epochs.size(), count = std::min(epochs, kMostColumns);
  Columns columns;
  columns.parts.resize(chart.parts.size());
  for (size_t column = 0; column < count; ++column) {
    const size_t begin = column * epochs / count, end = (column + 1) * epochs / count;
    const std::string first = value_words(Unit::number, chart.epochs[begin]);
    columns.names.push_back(
        end - begin == 1 ? "epoch " + first
                         : fmt::format("epochs {} to {}", first, value_words(Unit::number, chart.epochs[end - 1])));
    double sum = 0.0;
    for (size_t part = 0; part < chart.parts.size(); ++part) {
      double mean = 0.0;
      for (size_t epoch = begin; epoch < end; ++epoch) mean += chart.parts[part][epoch];
      mean /= static_cast<double>(end - begin);
      columns.parts[part].push_back(mean);
      sum += mean;
    }
    columns.sums.push_back(sum);
  }
  return columns;
}

double left_of(size_t column, size_t count) {
  return PlotArea::kLeft +
         (PlotArea::kRight - PlotArea::kLeft) * static_cast<double>(column) / static_cast<double>(count);
}

std::string part_style(size_t part) {
  return fmt::format("style=\"fill:var(--c{})\"", part);
}

// All columns of one part are one path.
std::string columns_svg(const Columns& columns, const PlotArea& area) {
  std::vector<double> below(columns.sums.size(), 0.0);
  const double width = left_of(1, columns.sums.size()) - left_of(0, columns.sums.size());
  std::string svg;
  for (size_t part = 0; part < columns.parts.size(); ++part) {
    std::string path;
    for (size_t column = 0; column < below.size(); ++column) {
      const double bottom = area.down(below[column]), top = area.down(below[column] += columns.parts[part][column]);
      if (bottom - top < 0.05) continue;
      path += fmt::format("M{:.1f} {:.1f}h{:.1f}V{:.1f}h-{:.1f}z", left_of(column, below.size()) + 0.1 * width, bottom,
                          0.8 * width, top, 0.8 * width);
    }
    if (!path.empty()) svg += fmt::format("<path class=\"part\" {} d=\"{}\"/>\n", part_style(part), path);
  }
  return svg;
}

Json readout_of(const StackChart& chart, const Columns& columns, const PlotArea& area) {
  Json series = Json::array();
  auto add = [&](const std::string& name, const std::vector<double>& values) {
    Json points = Json::array();
    for (size_t column = 0; column < values.size(); ++column) {
      const double middle = (left_of(column, values.size()) + left_of(column + 1, values.size())) / 2;
      points.push_back({std::round(middle * 10) / 10, std::round(area.down(columns.sums[column]) * 10) / 10,
                        columns.names[column], value_words(chart.y_unit, values[column])});
    }
    series.push_back({{"name", name}, {"points", points}});
  };
  for (size_t part = 0; part < columns.parts.size(); ++part) add(chart.names[part], columns.parts[part]);
  add("all", columns.sums);
  return series;
}

std::string table_of(const StackChart& chart, const Columns& columns) {
  HtmlTable table;
  table.caption = chart.title;
  table.head = {"epochs"};
  table.head.insert(table.head.end(), chart.names.begin(), chart.names.end());
  for (const size_t column : spread_indices(columns.names.size(), kMostRows)) {
    std::vector<std::string> row = {columns.names[column]};
    for (const auto& part : columns.parts) row.push_back(value_words(chart.y_unit, part[column]));
    table.rows.push_back(row);
  }
  return to_html(table);
}

}  // namespace

std::string to_html(const StackChart& chart) {
  if (chart.epochs.empty() || chart.parts.empty()) return "";
  const Columns columns = columns_of(chart);
  const double highest = *std::ranges::max_element(columns.sums);
  if (!(highest > 0)) return "";
  PlotArea area{bottom_axis(Unit::number, 0, 1), linear_axis(chart.y_unit, 0, highest)};
  area.x.low = 0;
  area.x.high = static_cast<double>(columns.sums.size());
  area.x.ticks.clear();
  for (const size_t column : spread_indices(columns.sums.size(), 6)) {
    const size_t epoch = column * chart.epochs.size() / columns.sums.size();
    area.x.ticks.push_back({static_cast<double>(column) + 0.5, value_words(Unit::number, chart.epochs[epoch])});
  }
  ChartFigure figure;
  figure.id = chart.id;
  figure.title = chart.title;
  figure.note = chart.note;
  if (chart.epochs.size() > columns.sums.size()) figure.note += " A column is the mean of neighbouring epochs.";
  figure.description = fmt::format("Stacked columns of {} by epoch, at most {} an epoch.", chart.y_title,
                                   value_words(chart.y_unit, highest));
  for (size_t part = 0; part < chart.names.size(); ++part) {
    figure.legend.push_back({chart.names[part], part_style(part), true});
  }
  figure.drawing = axes_svg(area, "epoch", chart.y_title) + columns_svg(columns, area);
  figure.readout = readout_of(chart, columns, area);
  figure.table = table_of(chart, columns);
  return to_html(figure);
}

}  // namespace tersegraph
