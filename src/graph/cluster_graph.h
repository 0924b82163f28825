#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/csr.h"

namespace tersegraph {

/// Counts pairs of clusters between which edges run, in memory for the pairs and a buffer alone.
class ClusterLinks {
 public:
  /// full() once there are more than `most` pairs.
  explicit ClusterLinks(int64_t most);

  /// An edge between clusters a != b; either order is the same pair.
  void add(int32_t a, int32_t b) {
    if (a > b) std::swap(a, b);
    buffer_.push_back(static_cast<uint64_t>(a) << 32 | static_cast<uint32_t>(b));
    if (buffer_.size() == kBuffer) merge();
  }
  bool full() const { return static_cast<int64_t>(pairs_.size()) > most_; }

  /// The graph of `clusters` clusters: a symmetric pattern, and the edges that each of its entries stands for.
  struct Graph {
    Csr pattern;
    std::vector<int32_t> edges;
  };
  Graph graph(int32_t clusters);

 private:
  static constexpr size_t kBuffer = 1 << 20;
  struct Pair {
    uint64_t clusters;
    int32_t edges;
  };
  void merge();

  int64_t most_;
  std::vector<uint64_t> buffer_;
  std::vector<Pair> pairs_;  // ascending
};

}  // namespace tersegraph
