#pragma once

#include "data/describe.h"
#include "fuzz.h"

namespace tersegraph::fuzz {

/// Reads a dataset whole and row by row. What one way takes the other must take, and find the same graph in it.
inline void read_dataset(const std::string& path) {
  int64_t whole = -1, rows = -1;
  expect_read_or_refused([&] { whole = load_dataset(path).graph.edges(); });
  expect_read_or_refused([&] {
    const auto opened = open_dataset(path);
    describe(*opened);
    rows = read_graph(*opened).edges();
  });
  if (whole != rows) std::abort();
}

}  // namespace tersegraph::fuzz
