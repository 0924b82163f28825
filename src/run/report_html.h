#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "run/report_axis.h"

namespace tersegraph {

/// Text as HTML and XML show it, in quoted attributes too. Control characters become U+FFFD.
std::string escape_html(std::string_view text);

/// A table whose first column names its rows. All words are plain text.
struct HtmlTable {
  std::string caption = {};
  std::vector<std::string> head = {};
  std::vector<std::vector<std::string>> rows = {};
  bool numbers = true;  ///< columns after the first are set flush right
};
std::string to_html(const HtmlTable& table);

/// Parts of a whole, largest first as given: value, share, and a bar as long as the share.
std::string share_table(const std::string& caption, const std::string& what, Unit unit,
                        const std::vector<std::pair<std::string, double>>& parts);

/// A matrix of counts whose cells are the darker the larger their value is in `shades`, from 0 to 1.
struct HeatTable {
  std::string caption;
  std::string row_title, column_title;
  std::vector<std::string> row_names, column_names;
  std::vector<std::vector<std::string>> words;
  std::vector<std::vector<double>> shades;
};
std::string to_html(const HeatTable& table);

/// A heading with what belongs to it.
std::string html_section(const std::string& id, const std::string& title, const std::string& contents);

/// Behind a line that unfolds it.
std::string html_details(const std::string& title, const std::string& contents);

/// "<p>": plain text.
std::string html_note(const std::string& text);

/// The figures that matter most, each with a word on what it is.
struct Figure {
  std::string name, value, note;
};
std::string figure_cards(const std::vector<Figure>& figures);

/// The whole page around `body`.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace tersegraph
