#include "graph/cluster_graph.h"

#include <algorithm>
#include <numeric>

namespace tersegraph {

ClusterLinks::ClusterLinks(int64_t most) : most_(most) {
  buffer_.reserve(kBuffer);
}

void ClusterLinks::merge() {
  std::sort(buffer_.begin(), buffer_.end());
  std::vector<Pair> merged;
  merged.reserve(pairs_.size() + buffer_.size() / 4);
  auto old = pairs_.begin();
  for (size_t k = 0; k < buffer_.size();) {
    const uint64_t pair = buffer_[k];
    const size_t first = k;
    while (k < buffer_.size() && buffer_[k] == pair) ++k;
    while (old != pairs_.end() && old->clusters < pair) merged.push_back(*old++);
    auto edges = static_cast<int32_t>(k - first);
    if (old != pairs_.end() && old->clusters == pair) edges += (old++)->edges;
    merged.push_back({pair, edges});
  }
  merged.insert(merged.end(), old, pairs_.end());
  pairs_ = std::move(merged);
  buffer_.clear();
}

ClusterLinks::Graph ClusterLinks::graph(int32_t clusters) {
  merge();
  Graph graph;
  graph.pattern.cols = clusters;
  std::vector<int64_t>& indptr = graph.pattern.indptr;
  indptr.assign(static_cast<size_t>(clusters) + 1, 0);
  const auto ends = [](const Pair& pair) {
    return std::pair(static_cast<int32_t>(pair.clusters >> 32), static_cast<int32_t>(pair.clusters & 0xffffffff));
  };
  for (const Pair& pair : pairs_) {
    const auto [a, b] = ends(pair);
    ++indptr[a + 1], ++indptr[b + 1];
  }
  std::partial_sum(indptr.begin(), indptr.end(), indptr.begin());
  graph.pattern.indices.resize(indptr.back());
  graph.edges.resize(indptr.back());
  std::vector<int64_t> next(indptr.begin(), indptr.end() - 1);
  for (const Pair& pair : pairs_) {  // ascending, so that every row is, too
    const auto [a, b] = ends(pair);
    for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
      graph.pattern.indices[next[from]] = to;
      graph.edges[next[from]++] = pair.edges;
    }
  }
  return graph;
}

}  // namespace tersegraph
