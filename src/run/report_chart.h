#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/report_axis.h"

namespace tersegraph {

struct Point {
  double x, y;
};

/// A curve; points that are not finite leave a gap.
struct Line {
  std::string name;
  std::vector<Point> points;
  int colour = 0;           ///< lines of one colour belong together
  bool background = false;  ///< thin, behind the others, without a name of its own: a single run of several
};

struct LineChart {
  std::string id = {};  ///< one of its own on the page
  std::string title = {}, note = {};
  std::string x_title = "epoch", y_title = {};
  Unit x_unit = Unit::number, y_unit = Unit::number;
  bool logarithmic = false;         ///< where there are positive values; others then leave gaps
  bool ordered = false;             ///< the lines are steps of a row (layers, links): colours from one end to the other
  std::optional<double> mark = {};  ///< an x worth a vertical line
  std::string mark_words = {};
  std::vector<Line> lines = {};
};

/// A figure: the chart as SVG, and its numbers as a table to unfold. "" where no line has a finite point.
std::string to_html(const LineChart& chart);

/// Columns of parts on top of each other, one an epoch (or the mean of a few epochs where there are many).
struct StackChart {
  std::string id;
  std::string title = {}, note = {};
  std::string y_title;
  Unit y_unit = Unit::number;
  std::vector<double> epochs;
  std::vector<std::string> names;
  std::vector<std::vector<double>> parts;  ///< [name][epoch]
};
std::string to_html(const StackChart& chart);

}  // namespace tersegraph
