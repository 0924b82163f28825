#include "graph/partition.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "graph/metis.h"
#include "graph/pattern.h"
#include "graph/refine_volume.h"
#include "graph/stream_partition.h"

namespace tersegraph {
namespace {

/// Consecutive parts whose sizes differ by at most one.
std::vector<int32_t> block_parts(int64_t nodes, int parts) {
  std::vector<int32_t> part_of(nodes);
  for (int64_t v = 0; v < nodes; ++v) part_of[v] = static_cast<int32_t>(v * parts / nodes);
  return part_of;
}

std::vector<int32_t> random_parts(int64_t nodes, int parts, uint64_t seed) {
  std::vector<int32_t> part_of = block_parts(nodes, parts);
  Random random(seed, Purpose::shuffle);
  for (int64_t v = nodes - 1; v > 0; --v) std::swap(part_of[v], part_of[random.below(v + 1)]);
  return part_of;
}

std::vector<int64_t> part_sizes(const std::vector<int32_t>& part_of, int parts) {
  std::vector<int64_t> sizes(parts, 0);
  for (const int32_t p : part_of) ++sizes[p];
  return sizes;
}

/// METIS may leave parts empty when there are few nodes a part; each gets the last node of the largest part.
void fill_empty_parts(std::vector<int32_t>& part_of, int parts) {
  std::vector<int64_t> sizes = part_sizes(part_of, parts);
  for (int32_t p = 0; p < parts; ++p) {
    if (sizes[p] > 0) continue;
    const auto largest = std::max_element(sizes.begin(), sizes.end());
    const auto donor = static_cast<int32_t>(largest - sizes.begin());
    *std::find(part_of.rbegin(), part_of.rend(), donor) = p;
    --*largest;
    ++sizes[p];
  }
}

void check_parts(int parts, int64_t nodes) {
  if (parts < 1) fail_input("partition: {} parts; ask for at least 1", parts);
  if (parts > nodes) fail_input("partition: {} parts for {} nodes; use at most one part a node", parts, nodes);
}

RowStream stream_of(CsrView pattern) {
  return {pattern.rows, [pattern](const RowStream::See& see) {
            for (int64_t v = 0; v < pattern.rows; ++v) {
              see(v, {pattern.indices + pattern.begin(v), pattern.indices + pattern.end(v)});
            }
          }};
}

}  // namespace

PartitionMethod parse_partition_method(std::string_view name) {
  if (name == "metis") return PartitionMethod::metis_cut;
  if (name == "metis-volume") return PartitionMethod::metis_volume;
  if (name == "metis-refined") return PartitionMethod::metis_refined;
  if (name == "stream") return PartitionMethod::stream;
  if (name == "random") return PartitionMethod::random;
  if (name == "block") return PartitionMethod::block;
  fail_input("partition '{}' is not known; choose metis, metis-volume, metis-refined, stream, random or block", name);
}

bool is_streamed(PartitionMethod method) {
  return method == PartitionMethod::stream || method == PartitionMethod::random || method == PartitionMethod::block;
}

Partition make_partition(const RowStream& rows, int parts, PartitionMethod method, uint64_t seed) {
  check_parts(parts, rows.nodes);
  if (method == PartitionMethod::random) return {parts, random_parts(rows.nodes, parts, seed)};
  if (method == PartitionMethod::block || parts == 1) return {parts, block_parts(rows.nodes, parts)};
  Partition partition{parts, stream_partition(rows, parts, seed)};
  fill_empty_parts(partition.part_of, parts);
  return partition;
}

Partition make_partition(const Graph& graph, int parts, PartitionMethod method, uint64_t seed) {
  check_parts(parts, graph.nodes());
  if (method != PartitionMethod::stream && (is_streamed(method) || parts == 1)) {
    return make_partition(RowStream{graph.nodes(), {}}, parts, method, seed);
  }
  const UndirectedPattern pattern(graph.adjacency);
  if (method == PartitionMethod::stream) return make_partition(stream_of(pattern.view()), parts, method, seed);
  const MetisObjective objective =
      method == PartitionMethod::metis_volume ? MetisObjective::volume : MetisObjective::cut;
  Partition partition{parts, metis_kway(pattern.view(), parts, objective, seed)};
  fill_empty_parts(partition.part_of, parts);
  if (method == PartitionMethod::metis_refined) refine_volume(graph.adjacency, partition);
  return partition;
}

PartitionCount::PartitionCount(const Partition& partition)
    : partition_(partition), halo_(partition.parts), volume_(partition.parts), counted_for_(partition.parts, -1) {}

void PartitionCount::see(int64_t u, std::span<const int32_t> targets) {
  const int32_t own = partition_.part_of[u];
  for (const int32_t v : targets) {
    const int32_t p = partition_.part_of[v];
    if (p == own) continue;
    ++cut_edges_;
    if (counted_for_[p] == u) continue;
    counted_for_[p] = u;
    ++halo_[p];
    ++volume_[p];
    ++volume_[own];
  }
}

PartitionFacts PartitionCount::facts() const {
  PartitionFacts facts;
  const std::vector<int64_t> sizes = part_sizes(partition_.part_of, partition_.parts);
  facts.cut_edges = cut_edges_;
  facts.halo_rows = std::accumulate(halo_.begin(), halo_.end(), int64_t{0});
  facts.largest_halo = std::ranges::max(halo_);
  facts.largest_volume = std::ranges::max(volume_);
  facts.smallest_part = std::ranges::min(sizes);
  facts.largest_part = std::ranges::max(sizes);
  return facts;
}

PartitionFacts inspect(const Graph& graph, const Partition& partition) {
  PartitionCount count(partition);
  const CsrView a = graph.adjacency;
  for (int64_t u = 0; u < a.rows; ++u) count.see(u, {a.indices + a.begin(u), a.indices + a.end(u)});
  return count.facts();
}

}  // namespace tersegraph
