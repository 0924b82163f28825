#include "run/partitioning.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "data/partition_file.h"
#include "data/sorted_edges.h"

namespace tersegraph {
namespace {

/// Of all runs, whatever their own seeds, so that they compare.
constexpr uint64_t kSeed = 1;

PartitionMethod method_of(const std::string& words, int parts) {
  if (parts == 0) fail_input("--partition {} needs --parts; only a file tells them by itself", words);
  return parse_partition_method(words);
}

/// Self loops are left out. `read` reads the rows of an undirected graph.
RowStream stream_of(int64_t nodes, std::function<void(const DatasetRows::SeeSparse&)> read) {
  return {nodes, [read = std::move(read)](const RowStream::See& see) {
            std::vector<int32_t> others;
            read([&](int64_t u, std::span<const int32_t> targets, std::span<const float>) {
              if (!std::ranges::binary_search(targets, static_cast<int32_t>(u))) return see(u, targets);
              others.assign(targets.begin(), targets.end());
              std::erase(others, static_cast<int32_t>(u));
              see(u, others);
            });
          }};
}

}  // namespace

// The most that was measured (docs/results/partitions.md), on a graph that hardly coarsens; others take half.
int64_t metis_bytes(int64_t nodes, int64_t edges) {
  return 100 * nodes + 60 * edges;
}

std::string choose_partitioner(const std::string& words, const DatasetShape& dataset, int64_t limit) {
  if (words != "auto") return words;
  return metis_bytes(dataset.nodes, dataset.edges) <= limit ? "metis" : "stream";
}

Partition partition_by(const std::string& words, const Graph& graph, int parts) {
  if (is_partition_file(words)) return read_partition(words, graph.nodes(), parts);
  return make_partition(graph, parts, method_of(words, parts), kSeed);
}

Partition partition_by(const std::string& words, const DatasetRows& rows, int parts) {
  const DatasetShape shape = rows.shape();
  if (is_partition_file(words)) return read_partition(words, shape.nodes, parts);
  const PartitionMethod method = method_of(words, parts);
  if (!is_streamed(method)) return make_partition(read_graph(rows), parts, method, kSeed);
  if (!shape.directed || method != PartitionMethod::stream) {
    const auto read = [&](const DatasetRows::SeeSparse& see) { rows.edges(see); };
    return make_partition(stream_of(shape.nodes, read), parts, method, kSeed);
  }
  const SortedEdges both = sort_both_ways(rows, false);
  const auto read = [&](const DatasetRows::SeeSparse& see) { both.read(see); };
  return make_partition(stream_of(shape.nodes, read), parts, method, kSeed);
}

}  // namespace tersegraph
