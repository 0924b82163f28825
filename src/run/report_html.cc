#include "run/report_html.h"

#include <fmt/format.h>

#include "run/report_assets.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

std::string head_row(const std::vector<std::string>& names) {
  std::string html = "<thead><tr>";
  for (const std::string& name : names) html += fmt::format("<th scope=\"col\">{}</th>", escape_html(name));
  return html + "</tr></thead>\n";
}

// A wide table scrolls by itself, by keys too, so that the page does not.
std::string scrolled(const std::string& label, const std::string& table) {
  return fmt::format("<div class=\"scroll\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n{}</div>\n",
                     escape_html(label), table);
}

std::string heat_head(const HeatTable& table) {
  std::string html = fmt::format(
      "<thead><tr><th rowspan=\"2\" scope=\"col\">{}</th><th colspan=\"{}\" scope=\"colgroup\" "
      "class=\"over\">{}</th></tr>\n<tr>",
      escape_html(table.row_title), table.column_names.size(), escape_html(table.column_title));
  for (const std::string& name : table.column_names)
    html += fmt::format("<th scope=\"col\">{}</th>", escape_html(name));
  return html + "</tr></thead>\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F) {
          html += "\xEF\xBF\xBD";
        } else {
          html += c;
        }
    }
  }
  return html;
}

std::string to_html(const HtmlTable& table) {
  std::string html = fmt::format("<table{}><caption>{}</caption>\n", table.numbers ? " class=\"numbers\"" : "",
                                 escape_html(table.caption));
  if (!table.head.empty()) html += head_row(table.head);
  html += "<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t column = 0; column < row.size(); ++column) {
      const std::string words = escape_html(row[column]);
      html += column == 0 ? fmt::format("<th scope=\"row\">{}</th>", words) : fmt::format("<td>{}</td>", words);
    }
    html += "</tr>\n";
  }
  return scrolled(table.caption, html + "</tbody></table>\n");
}

std::string share_table(const std::string& caption, const std::string& what, Unit unit,
                        const std::vector<std::pair<std::string, double>>& parts) {
  double whole = 0.0;
  for (const auto& [name, value] : parts) whole += value;
  std::string html =
      fmt::format("<table class=\"numbers shares\"><caption>{}</caption>\n{}<tbody>\n", escape_html(caption),
                  head_row({what, unit == Unit::bytes ? "bytes" : "time", "share", ""}));
  for (const auto& [name, value] : parts) {
    const double share = whole > 0 ? value / whole : 0.0;
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{:.1f} %</td><td class=\"bar\" aria-hidden=\"true\">"
        "<span style=\"width:{:.1f}%\"></span></td></tr>\n",
        escape_html(name), value_words(unit, value), 100 * share, 100 * share);
  }
  html += fmt::format("<tr class=\"sum\"><th scope=\"row\">all</th><td>{}</td><td></td><td></td></tr>\n",
                      value_words(unit, whole));
  return scrolled(caption, html + "</tbody></table>\n");
}

std::string to_html(const HeatTable& table) {
  std::string html = fmt::format("<table class=\"numbers heat\"><caption>{}</caption>\n{}<tbody>\n",
                                 escape_html(table.caption), heat_head(table));
  for (size_t row = 0; row < table.words.size(); ++row) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(table.row_names[row]));
    for (size_t column = 0; column < table.words[row].size(); ++column) {
      html += fmt::format("<td style=\"--shade:{:.0f}%\">{}</td>", 45 * table.shades[row][column],
                          escape_html(table.words[row][column]));
    }
    html += "</tr>\n";
  }
  return scrolled(table.caption, html + "</tbody></table>\n");
}

std::string html_section(const std::string& id, const std::string& title, const std::string& contents) {
  return fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n{2}</section>\n", id,
                     escape_html(title), contents);
}

std::string html_details(const std::string& title, const std::string& contents) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", escape_html(title), contents);
}

std::string html_note(const std::string& text) {
  return fmt::format("<p>{}</p>\n", escape_html(text));
}

std::string figure_cards(const std::vector<Figure>& figures) {
  std::string html = "<dl class=\"cards\">\n";
  for (const Figure& figure : figures) {
    html += fmt::format("<div><dt>{}</dt><dd class=\"value\">{}</dd><dd>{}</dd></div>\n", escape_html(figure.name),
                        escape_html(figure.value), escape_html(figure.note));
  }
  return html + "</dl>\n";
}

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!DOCTYPE html>\n"
      "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
      "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n{}</main>\n"
      "<footer>tersegraph {}</footer>\n<script>\n{}</script>\n</body>\n</html>\n",
      escape_html(title), kReportStyle, body, version(), kReportScript);
}

}  // namespace tersegraph
