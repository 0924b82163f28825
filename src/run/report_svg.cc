#include "run/report_svg.h"

#include <fmt/format.h>

#include "run/report_html.h"

namespace tersegraph {
namespace {

using A = PlotArea;

std::string with_unit(const std::string& title, const std::string& unit) {
  return unit.empty() ? title : fmt::format("{} ({})", title, unit);
}

std::string legend_html(const std::vector<LegendEntry>& legend) {
  if (legend.size() < 2) return "";
  std::string html = "<ul class=\"legend\">\n";
  for (const LegendEntry& entry : legend) {
    const std::string key = entry.filled ? fmt::format("<rect width=\"12\" height=\"12\" {}/>", entry.style)
                                         : fmt::format("<line x2=\"28\" y1=\"6\" y2=\"6\" {}/>", entry.style);
    html += fmt::format("<li><svg width=\"{}\" height=\"12\" aria-hidden=\"true\">{}</svg> {}</li>\n",
                        entry.filled ? 12 : 28, key, escape_html(entry.name));
  }
  return html + "</ul>\n";
}

}  // namespace

std::string axes_svg(const PlotArea& area, const std::string& x_title, const std::string& y_title) {
  std::string svg = "<g class=\"axes\">\n";
  for (const Axis::Tick& tick : area.y.ticks) {
    const double y = area.down(tick.value);
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\"/><text x=\"{:.1f}\" y=\"{:.1f}\" class=\"left\">{}</text>\n",
                       A::kLeft, y, A::kRight, A::kLeft - 6, y + 4, escape_html(tick.words));
  }
  for (const Axis::Tick& tick : area.x.ticks) {
    const double x = area.across(tick.value);
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}v5\"/><text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x, A::kBottom, x,
                       A::kBottom + 20, escape_html(tick.words));
  }
  svg += fmt::format("<path class=\"base\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>\n", A::kLeft, A::kBottom, A::kRight);
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"title\">{}</text>\n", (A::kLeft + A::kRight) / 2,
                     A::kHeight - 6, escape_html(with_unit(x_title, area.x.unit)));
  return svg + fmt::format("<text x=\"2\" y=\"14\" class=\"title start\">{}</text>\n</g>\n",
                           escape_html(with_unit(y_title, area.y.unit)));
}

std::string to_html(const ChartFigure& figure) {
  const std::string readout = figure.readout.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string html = fmt::format(
      "<figure>\n<figcaption id=\"{0}-title\">{1}</figcaption>\n{2}<div class=\"plot\">\n"
      "<svg viewBox=\"0 0 {3} {4}\" role=\"img\" tabindex=\"0\" aria-labelledby=\"{0}-title\" "
      "aria-describedby=\"{0}-words\" data-readout=\"{5}\">\n<desc id=\"{0}-words\">{6}</desc>\n{7}</svg>\n"
      "<div class=\"tip\" role=\"status\" hidden=\"hidden\"></div>\n</div>\n",
      figure.id, escape_html(figure.title), legend_html(figure.legend), A::kWidth, A::kHeight, escape_html(readout),
      escape_html(figure.description), figure.drawing);
  if (!figure.note.empty()) html += fmt::format("<p class=\"note\">{}</p>\n", escape_html(figure.note));
  return html + html_details("Numbers", figure.table) + "</figure>\n";
}

std::vector<size_t> spread_indices(size_t count, size_t most) {
  std::vector<size_t> indices;
  const size_t kept = std::min(count, most);
  for (size_t i = 0; i < kept; ++i) indices.push_back(kept == 1 ? 0 : i * (count - 1) / (kept - 1));
  return indices;
}

}  // namespace tersegraph
