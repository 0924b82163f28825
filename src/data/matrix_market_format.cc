#include <algorithm>
#include <limits>

#include "data/edge_text.h"
#include "data/formats.h"

namespace tersegraph {

Dataset read_matrix_market(const std::string& path) {
  TextReader text(path);
  text.next_line();
  std::string banner(text.line());
  std::transform(banner.begin(), banner.end(), banner.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  while (banner.ends_with('\r') || banner.ends_with(' ')) banner.pop_back();
  const std::string_view wanted = "%%matrixmarket matrix coordinate ";
  const std::string_view kind = banner.starts_with(wanted) ? std::string_view(banner).substr(wanted.size()) : "";
  const std::string_view known[] = {"pattern general", "pattern symmetric", "real general",
                                    "real symmetric",  "integer general",   "integer symmetric"};
  if (std::find(std::begin(known), std::end(known), kind) == std::end(known)) {
    text.fail("must be '%%MatrixMarket matrix coordinate' and pattern, real or integer, general or symmetric");
  }
  const bool weighted = !kind.starts_with("pattern"), symmetric = kind.ends_with("symmetric");
  if (!text.next_content()) text.fail("is missing: rows, columns and entries");
  const int64_t rows = text.integer(), cols = text.integer(), entries = text.integer();
  text.expect_end();
  if (rows != cols) text.fail("says {} rows and {} columns; an adjacency is square", rows, cols);
  if (rows < 1 || rows > std::numeric_limits<int32_t>::max() || entries < 0) text.fail("states impossible sizes");
  EdgeText list;
  for (int64_t e = 0; e < entries; ++e) {
    if (!text.next_content()) text.fail("is missing: {} entries are stated, and {} are there", entries, e);
    const int64_t row = text.integer(), col = text.integer();
    if (row < 1 || row > rows || col < 1 || col > rows) text.fail("has entry ({}, {}), outside 1..{}", row, col, rows);
    list.add(text, row - 1, col - 1);
    if (weighted) list.weights.push_back(text.finite());
    text.expect_end();
  }
  if (text.next_content()) text.fail("comes after the {} entries that are stated", entries);
  check_stated_nodes(rows, entries, path);
  Dataset dataset;
  dataset.graph =
      graph_of_edges(rows, list.edges, list.weights, symmetric ? EdgeDirection::symmetrise : EdgeDirection::keep);
  return dataset;
}

}  // namespace tersegraph
