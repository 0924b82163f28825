#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/stream_partition.h"

namespace tersegraph {

/// part_of[v] in 0..parts-1 for every node. Every part owns at least one node.
struct Partition {
  int parts = 1;
  std::vector<int32_t> part_of;
};

/// metis_refined: metis_cut, then refine_volume (graph/refine_volume.h). stream: graph/stream_partition.h.
enum class PartitionMethod { metis_cut, metis_volume, metis_refined, stream, random, block };
/// "metis", "metis-volume", "metis-refined", "stream", "random", "block"; else InputError.
PartitionMethod parse_partition_method(std::string_view name);

/// Whether a method looks at rows one by one, or at none.
bool is_streamed(PartitionMethod method);
/// By such a method, from the rows of an undirected pattern. Errors: InputError when there are more parts than nodes.
Partition make_partition(const RowStream& rows, int parts, PartitionMethod method, uint64_t seed);

/// By any method. Errors: InputError when there are more parts than nodes. Self loops and duplicates are hidden from
/// METIS, which dies on them.
Partition make_partition(const Graph& graph, int parts, PartitionMethod method, uint64_t seed);

struct PartitionFacts {
  int64_t cut_edges = 0;  ///< directed edges between parts
  int64_t halo_rows = 0;  ///< sum over parts
  int64_t largest_halo = 0, smallest_part = 0, largest_part = 0;
  int64_t largest_volume = 0;  ///< the most rows that a part sends and receives in one exchange
};
PartitionFacts inspect(const Graph& graph, const Partition& partition);

/// The same from rows of the adjacency that come one by one, from the first to the last.
class PartitionCount {
 public:
  /// `partition` must outlive this.
  explicit PartitionCount(const Partition& partition);
  void see(int64_t u, std::span<const int32_t> targets);
  PartitionFacts facts() const;

 private:
  const Partition& partition_;
  int64_t cut_edges_ = 0;
  std::vector<int64_t> halo_, volume_;
  std::vector<int64_t> counted_for_;  ///< the last node that part p was found to need
};

}  // namespace tersegraph
