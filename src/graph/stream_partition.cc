#include "graph/stream_partition.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "graph/cluster_graph.h"
#include "graph/label_propagation.h"
#include "graph/metis.h"

namespace tersegraph {
namespace {

constexpr int kClusterPasses = 5, kPartPasses = 8;
constexpr int64_t kClustersPerPart = 16;  // at least
constexpr double kImbalance = 1.05;

void propagate(const RowStream& rows, std::vector<int32_t>& group_of, int32_t groups, int64_t limit, int passes) {
  LabelPropagation labels(group_of, groups, limit);
  for (int k = 0; k < passes; ++k) {
    rows.pass([&](int64_t v, std::span<const int32_t> neighbours) { labels.place(v, neighbours); });
  }
}

/// Numbers the groups in use from 0; returns how many there are.
int32_t renumber(std::vector<int32_t>& group_of) {
  std::vector<int32_t> number(group_of.size(), -1);
  int32_t count = 0;
  for (int32_t& group : group_of) {
    if (number[group] < 0) number[group] = count++;
    group = number[group];
  }
  return count;
}

std::vector<int32_t> sizes_of(const std::vector<int32_t>& group_of, int32_t count) {
  std::vector<int32_t> sizes(count, 0);
  for (const int32_t group : group_of) ++sizes[group];
  return sizes;
}

/// The largest ones first, each to the part that has least.
std::vector<int32_t> deal_out(const std::vector<int32_t>& sizes, int parts) {
  std::vector<int32_t> order(sizes.size()), part_of(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return sizes[a] > sizes[b]; });
  std::vector<int64_t> filled(parts, 0);
  for (const int32_t cluster : order) {
    const auto least = std::min_element(filled.begin(), filled.end());
    *least += sizes[cluster];
    part_of[cluster] = static_cast<int32_t>(least - filled.begin());
  }
  return part_of;
}

/// METIS's parts of the clusters; nothing where they have too many links.
std::optional<std::vector<int32_t>> part_clusters(const RowStream& rows, const std::vector<int32_t>& cluster_of,
                                                  const std::vector<int32_t>& sizes, int parts, uint64_t seed) {
  ClusterLinks links(std::max<int64_t>(rows.nodes / 2, int64_t{1} << 22));
  rows.pass([&](int64_t v, std::span<const int32_t> row) {
    for (const int32_t u : row) {
      // Where both directions are there, one of them is enough.
      if (!links.full() && v < u && cluster_of[v] != cluster_of[u]) links.add(cluster_of[v], cluster_of[u]);
    }
  });
  if (links.full()) return std::nullopt;
  const ClusterLinks::Graph graph = links.graph(static_cast<int32_t>(sizes.size()));
  return metis_kway(graph.pattern, parts, MetisObjective::cut, seed, {sizes, graph.edges});
}

}  // namespace

std::vector<int32_t> stream_partition(const RowStream& rows, int parts, uint64_t seed) {
  const int64_t nodes = rows.nodes;
  std::vector<int32_t> group_of(nodes);
  if (parts <= 1 || nodes == 0) return group_of;
  std::iota(group_of.begin(), group_of.end(), 0);

  int32_t clusters = static_cast<int32_t>(nodes);
  std::optional<std::vector<int32_t>> part_of;
  for (int64_t share = kClustersPerPart; !part_of && share >= 2; share /= 4) {
    propagate(rows, group_of, clusters, std::max<int64_t>(nodes / (parts * share), 1), kClusterPasses);
    clusters = renumber(group_of);
    part_of = part_clusters(rows, group_of, sizes_of(group_of, clusters), parts, seed);
  }
  if (!part_of) part_of = deal_out(sizes_of(group_of, clusters), parts);
  for (int32_t& group : group_of) group = (*part_of)[group];

  const auto limit = static_cast<int64_t>(kImbalance * static_cast<double>(nodes) / parts) + 1;
  propagate(rows, group_of, parts, limit, kPartPasses);
  return group_of;
}

}  // namespace tersegraph
