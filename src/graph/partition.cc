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

Partition make_partition(const Graph& graph, int parts, PartitionMethod method, uint64_t seed) {
  const int64_t nodes = graph.nodes();
  if (parts < 1) fail_input("partition: {} parts; ask for at least 1", parts);
  if (parts > nodes) fail_input("partition: {} parts for {} nodes; use at most one part a node", parts, nodes);
  Partition partition{parts, {}};
  if (method == PartitionMethod::random) {
    partition.part_of = random_parts(nodes, parts, seed);
  } else if (method == PartitionMethod::block || parts == 1) {
    partition.part_of = block_parts(nodes, parts);
  } else if (method == PartitionMethod::stream) {
    const UndirectedPattern pattern(graph.adjacency);
    partition.part_of = stream_partition(stream_of(pattern.view()), parts, seed);
    fill_empty_parts(partition.part_of, parts);
  } else {
    const MetisObjective objective =
        method == PartitionMethod::metis_volume ? MetisObjective::volume : MetisObjective::cut;
    partition.part_of = metis_kway(UndirectedPattern(graph.adjacency).view(), parts, objective, seed);
    fill_empty_parts(partition.part_of, parts);
    if (method == PartitionMethod::metis_refined) refine_volume(graph.adjacency, partition);
  }
  return partition;
}

PartitionFacts inspect(const Graph& graph, const Partition& partition) {
  PartitionFacts facts;
  const CsrView a = graph.adjacency;
  std::vector<int64_t> halo(partition.parts, 0), volume(partition.parts, 0);
  std::vector<int64_t> counted_for(partition.parts, -1);  // the last node that part p was found to need
  for (int64_t u = 0; u < a.rows; ++u) {
    for (int64_t e = a.begin(u); e < a.end(u); ++e) {
      const int32_t p = partition.part_of[a.indices[e]];
      if (p == partition.part_of[u]) continue;
      ++facts.cut_edges;
      if (counted_for[p] == u) continue;
      counted_for[p] = u;
      ++halo[p];
      ++volume[p];
      ++volume[partition.part_of[u]];
    }
  }
  const std::vector<int64_t> sizes = part_sizes(partition.part_of, partition.parts);
  facts.halo_rows = std::accumulate(halo.begin(), halo.end(), int64_t{0});
  facts.largest_halo = *std::max_element(halo.begin(), halo.end());
  facts.largest_volume = *std::max_element(volume.begin(), volume.end());
  facts.smallest_part = *std::min_element(sizes.begin(), sizes.end());
  facts.largest_part = *std::max_element(sizes.begin(), sizes.end());
  return facts;
}

}  // namespace tersegraph
