#pragma once

#include <cstdint>
#include <vector>

#include "data/assemble.h"
#include "data/text_reader.h"

namespace tersegraph {

/// Edges as a text lists them: "u v" or, in all lines, "u v weight".
class EdgeText {
 public:
  /// Reads the rest of the reader's current line. Errors: InputError for ids outside 0..limit-1.
  void add_line(TextReader& text, int64_t limit);
  void add(const TextReader& text, int64_t source, int64_t target);

  std::vector<Edge> edges;
  std::vector<float> weights;

 private:
  size_t checked_ = 0;  ///< edges for which the machine's memory was asked
};

}  // namespace tersegraph
