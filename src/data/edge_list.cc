#include "data/edge_list.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "data/memory_limit.h"
#include "data/slabs.h"

namespace tersegraph {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '"' || c == '_';
}

/// Moves to the first line of numbers; false where there is none. A comment before it may say "directed".
bool to_first_line(TextReader& text, EdgeDirection& direction) {
  bool found = text.next_line();
  for (; found; found = text.next_line()) {
    if (text.line().starts_with("# directed")) direction = EdgeDirection::keep;
    if (!text.at_end() && text.line().front() != '#' && text.line().front() != '%') break;
  }
  return found && is_letter(text.line().front()) ? text.next_content() : found;  // past a header
}

/// The ends of edges, some at a time, of an array (m, 2) or (2, m).
class NpyEnds {
 public:
  explicit NpyEnds(const std::string& path) : sources_(open_npy(path)) {
    const auto& shape = sources_.header().shape;
    by_pair_ = shape.size() == 2 && shape[1] == 2;
    if (by_pair_) {
      count_ = shape[0];
    } else if (shape.size() == 2 && shape[0] == 2) {
      count_ = shape[1];
      sources_.flatten();
      targets_.emplace(open_npy(path));
      targets_->flatten();
      targets_->skip(count_);
    } else {
      fail_input("{}: is not of shape (edges, 2) or (2, edges)", path);
    }
  }

  int64_t count() const { return count_; }
  void next(int64_t count, std::vector<int64_t>& sources, std::vector<int64_t>& targets) {
    if (!by_pair_) {
      copy_to(sources_.next(count), sources);
      return copy_to(targets_->next(count), targets);
    }
    copy_to(sources_.next(count), pairs_);
    sources.resize(count), targets.resize(count);
    for (int64_t e = 0; e < count; ++e) sources[e] = pairs_[2 * e], targets[e] = pairs_[2 * e + 1];
  }

 private:
  SlabReader sources_;
  std::optional<SlabReader> targets_;
  bool by_pair_ = false;
  int64_t count_ = 0;
  std::vector<int64_t> pairs_;
};

}  // namespace

EdgeList::EdgeList(std::string path) : path_(std::move(path)) {
  if (!is_npy()) look_at_text();
}

void EdgeList::look_at_text() {
  TextReader text(path_);
  if (!to_first_line(text, direction_)) {
    fail_input("{}: holds no edges; give one 'source target' a line", path_);
  }
  text.word();
  if (text.at_end()) {
    text.rewind_line();
    stated_nodes_ = text.integer();
    if (stated_nodes_ < 1 || stated_nodes_ > std::numeric_limits<int32_t>::max()) {
      text.fail("states {} nodes", stated_nodes_);
    }
    if (static_cast<uint64_t>(stated_nodes_) > text.most_characters()) {
      text.fail("states {} nodes, each a line; it is too short", stated_nodes_);
    }
    check_fits_in_memory(static_cast<uint64_t>(stated_nodes_) * 24, path_ + ": its graph");
    return;
  }
  text.word();
  weighted_ = !text.at_end();
}

void EdgeList::read(int64_t limit, const See& see) const {
  if (is_npy()) return read_npy_edges(limit, see);
  read_text(limit, see);
}

void EdgeList::read_text(int64_t limit, const See& see) const {
  TextReader text(path_);
  EdgeDirection ignored = direction_;
  to_first_line(text, ignored);
  if (stated_nodes_ >= 0) return read_adjacency_lines(text, see);
  do {
    const int64_t source = text.index(limit), target = text.index(limit);
    if (weighted_ == text.at_end()) text.fail("must have a weight, as the first edge does, or none");
    const float weight = weighted_ ? text.finite() : 1.0f;
    text.expect_end();
    see(source, target, weight);
  } while (text.next_content());
}

/// Line i + 1 lists the neighbours of node i.
void EdgeList::read_adjacency_lines(TextReader& text, const See& see) const {
  for (int64_t v = 0; v < stated_nodes_; ++v) {
    if (!text.next_line()) text.fail("is missing: {} nodes are stated, and {} lines are there", stated_nodes_, v);
    while (!text.at_end()) see(v, text.index(stated_nodes_), 1);
  }
  if (text.next_content()) text.fail("comes after those of the {} nodes that are stated", stated_nodes_);
}

void EdgeList::read_npy_edges(int64_t limit, const See& see) const {
  constexpr int64_t kSlab = 1 << 18;
  NpyEnds ends(path_);
  std::vector<int64_t> sources, targets;
  for (int64_t first = 0; first < ends.count(); first += std::ssize(sources)) {
    ends.next(std::min(kSlab, ends.count() - first), sources, targets);
    for (size_t e = 0; e < sources.size(); ++e) {
      for (const int64_t v : {sources[e], targets[e]}) {
        if (v >= 0 && v < limit) continue;
        fail_input("{}: edge {} has node {}, outside 0..{}", path_, first + static_cast<int64_t>(e), v, limit - 1);
      }
      see(sources[e], targets[e], 1);
    }
  }
}

}  // namespace tersegraph
