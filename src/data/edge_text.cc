#include "data/edge_text.h"

#include "data/memory_limit.h"

namespace tersegraph {

void EdgeText::add(const TextReader& text, int64_t source, int64_t target) {
  if (edges.size() >= checked_) {
    checked_ = edges.size() * 2 + 1024;
    check_fits_in_memory(checked_ * (sizeof(Edge) + sizeof(float)), text.path() + ": its edge list");
  }
  edges.emplace_back(source, target);
}

void EdgeText::add_line(TextReader& text, int64_t limit) {
  const int64_t source = text.index(limit), target = text.index(limit);
  const bool weighted = !text.at_end();
  if (weighted != !weights.empty() && !edges.empty()) text.fail("must have a weight, as the first edge does, or none");
  add(text, source, target);
  if (weighted) weights.push_back(text.finite());
  text.expect_end();
}

}  // namespace tersegraph
