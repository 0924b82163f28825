#include "run/report_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "run/report_html.h"
#include "run/report_svg.h"

namespace tersegraph {
namespace {

constexpr size_t kMostPoints = 300;
constexpr size_t kMostRows = 60;
constexpr int kColours = 8;

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

bool drawn(const Point& point, bool logarithmic) {
  return std::isfinite(point.x) && std::isfinite(point.y) && (!logarithmic || point.y > 0);
}

// Of many points each stretch's lowest and highest, so that no peak is lost.
std::vector<Point> thinned(const std::vector<Point>& points) {
  if (points.size() <= kMostPoints) return points;
  constexpr size_t kStretches = kMostPoints / 2;
  std::vector<Point> kept;
  for (size_t stretch = 0; stretch < kStretches; ++stretch) {
    const auto begin = points.begin() + static_cast<ptrdiff_t>(stretch * points.size() / kStretches);
    const auto end = points.begin() + static_cast<ptrdiff_t>((stretch + 1) * points.size() / kStretches);
    auto [first, second] = std::minmax_element(begin, end, [](const Point& a, const Point& b) { return a.y < b.y; });
    if (second < first) std::swap(first, second);
    kept.push_back(*first);
    if (second != first) kept.push_back(*second);
  }
  return kept;
}

std::string line_style(const LineChart& chart, const Line& line) {
  if (!chart.ordered) return fmt::format("class=\"line d{0}\" style=\"stroke:var(--c{0})\"", line.colour % kColours);
  int last = 1;
  for (const Line& each : chart.lines) last = std::max(last, each.colour);
  return fmt::format("class=\"line\" style=\"stroke:color-mix(in oklch,var(--first),var(--last) {}%)\"",
                     100 * line.colour / last);
}

std::string path_of(const std::vector<Point>& points, const PlotArea& area) {
  std::string path;
  char step = 'M';
  for (const Point& point : points) {
    if (!drawn(point, area.y.logarithmic)) {
      step = 'M';
      continue;
    }
    path += fmt::format("{}{:.1f} {:.1f}", step, area.across(point.x), area.down(point.y));
    // A point between two gaps is a dot, which only a line of its own draws.
    if (step == 'M') path += "h.1";
    step = 'L';
  }
  return path;
}

Json readout_of(const LineChart& chart, const Line& line, const PlotArea& area) {
  Json points = Json::array();
  for (const Point& point : thinned(line.points)) {
    if (!drawn(point, area.y.logarithmic)) continue;
    points.push_back({std::round(area.across(point.x) * 10) / 10, std::round(area.down(point.y) * 10) / 10,
                      fmt::format("{} {}", chart.x_title, value_words(chart.x_unit, point.x)),
                      value_words(chart.y_unit, point.y)});
  }
  return {{"name", line.name}, {"points", points}};
}

std::vector<const Line*> named_lines(const LineChart& chart) {
  std::vector<const Line*> lines;
  for (const Line& line : chart.lines) {
    if (!line.background && !line.points.empty()) lines.push_back(&line);
  }
  return lines;
}

// Lines over the same x share the rows.
std::string shared_table(const LineChart& chart, const std::vector<const Line*>& lines, const std::vector<double>& xs) {
  HtmlTable table;
  table.caption = chart.title + (xs.size() > kMostRows ? fmt::format(" ({} of {} rows)", kMostRows, xs.size()) : "");
  table.head = {chart.x_title};
  for (const Line* line : lines) table.head.push_back(line->name);
  for (const size_t index : spread_indices(xs.size(), kMostRows)) {
    std::vector<std::string> row = {value_words(chart.x_unit, xs[index])};
    for (const Line* line : lines) {
      const auto found = std::ranges::lower_bound(line->points, xs[index], {}, &Point::x);
      const bool there = found != line->points.end() && found->x == xs[index];
      row.push_back(there ? value_words(chart.y_unit, found->y) : "");
    }
    table.rows.push_back(row);
  }
  return to_html(table);
}

std::string separate_table(const LineChart& chart, const std::vector<const Line*>& lines) {
  HtmlTable table;
  const size_t most = std::max<size_t>(2, kMostRows / lines.size());
  table.caption = fmt::format("{} (at most {} rows a line)", chart.title, most);
  table.head = {"line", chart.x_title, chart.y_title};
  for (const Line* line : lines) {
    for (const size_t index : spread_indices(line->points.size(), most)) {
      const Point& point = line->points[index];
      table.rows.push_back({line->name, value_words(chart.x_unit, point.x), value_words(chart.y_unit, point.y)});
    }
  }
  return to_html(table);
}

std::string table_of(const LineChart& chart) {
  const std::vector<const Line*> lines = named_lines(chart);
  if (chart.x_unit != Unit::number) return separate_table(chart, lines);
  std::vector<double> xs;
  for (const Line* line : lines) {
    for (const Point& point : line->points) xs.push_back(point.x);
  }
  std::ranges::sort(xs);
  xs.erase(std::unique(xs.begin(), xs.end()), xs.end());
  return shared_table(chart, lines, xs);
}

std::string description_of(const LineChart& chart) {
  std::string words = fmt::format("Line chart of {} against {}.", chart.y_title, chart.x_title);
  for (const Line* line : named_lines(chart)) {
    const Point &first = line->points.front(), &last = line->points.back();
    words += fmt::format(" {}: from {} at {} {} to {} at {} {}.", line->name, value_words(chart.y_unit, first.y),
                         chart.x_title, value_words(chart.x_unit, first.x), value_words(chart.y_unit, last.y),
                         chart.x_title, value_words(chart.x_unit, last.x));
  }
  return words;
}

std::string mark_svg(const LineChart& chart, const PlotArea& area) {
  if (!chart.mark || *chart.mark < area.x.low || *chart.mark > area.x.high) return "";
  const double x = area.across(*chart.mark);
  const bool right = x > (PlotArea::kLeft + PlotArea::kRight) / 2;
  return fmt::format(
      "<path class=\"mark\" d=\"M{:.1f} {}V{}\"/><text class=\"mark {}\" x=\"{:.1f}\" y=\"{}\">{}</text>\n", x,
      PlotArea::kTop, PlotArea::kBottom, right ? "end" : "start", x + (right ? -5 : 5), PlotArea::kBottom - 8,
      escape_html(chart.mark_words));
}

std::string lines_svg(const LineChart& chart, const PlotArea& area) {
  std::string svg;
  for (const bool background : {true, false}) {
    for (const Line& line : chart.lines) {
      if (line.background != background) continue;
      const std::string path = path_of(thinned(line.points), area);
      if (path.empty()) continue;
      svg += background ? fmt::format("<path class=\"single\" style=\"stroke:var(--c{})\" d=\"{}\"/>\n",
                                      line.colour % kColours, path)
                        : fmt::format("<path {} d=\"{}\"/>\n", line_style(chart, line), path);
    }
  }
  return svg;
}

}  // namespace

std::string to_html(const LineChart& chart) {
  Extent x, y, positive;
  bool hidden = false;
  for (const Line& line : chart.lines) {
    for (const Point& point : line.points) {
      if (!drawn(point, false)) continue;
      x.add(point.x);
      y.add(point.y);
      if (point.y > 0) positive.add(point.y);
      hidden |= point.y <= 0;
    }
  }
  if (x.empty()) return "";
  if (chart.y_unit == Unit::bits) y.add(0);
  const bool logarithmic = chart.logarithmic && !positive.empty();
  const PlotArea area{bottom_axis(chart.x_unit, x.low, x.high), logarithmic
                                                                    ? logarithmic_axis(positive.low, positive.high)
                                                                    : linear_axis(chart.y_unit, y.low, y.high)};
  ChartFigure figure{chart.id, chart.title, chart.note, description_of(chart), {}, {}, Json::array(), table_of(chart)};
  if (logarithmic && hidden) figure.note += " Values of 0 or less have no place on this axis.";
  for (const Line* line : named_lines(chart)) {
    figure.legend.push_back({line->name, line_style(chart, *line)});
    figure.readout.push_back(readout_of(chart, *line, area));
  }
  figure.drawing = axes_svg(area, chart.x_title, chart.y_title + (logarithmic ? ", logarithmic" : "")) +
                   mark_svg(chart, area) + lines_svg(chart, area);
  return to_html(figure);
}

}  // namespace tersegraph
