#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run/report_axis.h"
#include "run/results.h"

namespace tersegraph {

/// The drawing area inside a chart, in the units of its viewBox.
struct PlotArea {
  static constexpr double kWidth = 440, kHeight = 262;
  static constexpr double kLeft = 52, kRight = 428, kTop = 26, kBottom = 216;

  Axis x, y;

  double across(double value) const { return kLeft + (kRight - kLeft) * x.position(value); }
  double down(double value) const { return kBottom - (kBottom - kTop) * y.position(value); }
};

/// Grid lines, ticks and titles of both axes.
std::string axes_svg(const PlotArea& area, const std::string& x_title, const std::string& y_title);

struct LegendEntry {
  std::string name;
  std::string style;  ///< attributes that give the key its colour
  bool filled = false;
};

/// What a chart's figure is made of. `readout` is what the pointer and the arrow keys read: by series, its name and its
/// points as [x, y, words of x, words of y].
struct ChartFigure {
  std::string id, title, note, description;
  std::vector<LegendEntry> legend;
  std::string drawing;
  Json readout;
  std::string table;
};
std::string to_html(const ChartFigure& figure);

/// Of `count` things, at most `most` evenly spread, the first and the last among them.
std::vector<size_t> spread_indices(size_t count, size_t most);

}  // namespace tersegraph
