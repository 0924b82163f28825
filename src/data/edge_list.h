#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "data/assemble.h"
#include "data/text_reader.h"

namespace tersegraph {

/// A file of edges, which is read as often as one asks and never in memory. A text: "u v" or "u v weight" a line, or
/// the number of nodes and then the neighbours of each in a line. An .npy array: whole numbers (m, 2), or (2, m) with m
/// other than 2. Errors: InputError that names the file and the line or edge.
class EdgeList {
 public:
  /// Looks at the first lines, or at the header.
  explicit EdgeList(std::string path);

  using See = std::function<void(int64_t source, int64_t target, float weight)>;
  /// Nodes have to be in 0..limit-1.
  void read(int64_t limit, const See& see) const;

  const std::string& path() const { return path_; }
  EdgeDirection direction() const { return direction_; }
  bool weighted() const { return weighted_; }
  /// Of adjacency lines; -1 where nobody says.
  int64_t stated_nodes() const { return stated_nodes_; }

 private:
  bool is_npy() const { return path_.ends_with(".npy"); }
  void look_at_text();
  void read_text(int64_t limit, const See& see) const;
  void read_adjacency_lines(TextReader& text, const See& see) const;
  void read_npy_edges(int64_t limit, const See& see) const;

  std::string path_;
  EdgeDirection direction_ = EdgeDirection::symmetrise;
  bool weighted_ = false;
  int64_t stated_nodes_ = -1;
};

}  // namespace tersegraph
