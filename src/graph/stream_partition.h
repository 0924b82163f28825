#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tersegraph {

/// A square pattern without diagonal that is read row by row: calls see(v, neighbours) for v = 0, 1, ... A partition
/// of a directed graph wants both directions in it.
struct RowStream {
  using See = std::function<void(int64_t, std::span<const int32_t>)>;

  int64_t nodes = 0;
  std::function<void(const See&)> pass;  ///< one reading from the first row to the last
};

/// k-way parts of at most 1.05 times the mean (and one) in some 14 passes over the rows, without the edges in memory:
/// 1. nodes join, one by one, the cluster that holds most of their neighbours and has room (label propagation under a
///    size constraint, as in Meyerhenke, Sanders, Schulz, SEA 2014);
/// 2. METIS parts the graph of clusters, which is small;
/// 3. nodes move to the part that holds most of their neighbours (restreaming, Nishimura and Ugander, KDD 2013).
/// Memory: 12 bytes a node, and the graph of clusters, which is kept below 8 bytes a node or 64 MiB by making clusters
/// larger. Where even large ones have too many links (a graph without communities), clusters are dealt out by size.
/// Serial; the same seed gives the same parts. Some parts may be empty.
std::vector<int32_t> stream_partition(const RowStream& rows, int parts, uint64_t seed);

}  // namespace tersegraph
