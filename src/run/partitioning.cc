#include "run/partitioning.h"

#include "base/error.h"
#include "data/partition_file.h"
#include "train/memory_items.h"

namespace tersegraph {
namespace {

/// Of all runs, whatever their own seeds, so that they compare.
constexpr uint64_t kSeed = 1;

}  // namespace

int64_t metis_bytes(int64_t nodes, int64_t edges) {
  return 100 * nodes + 20 * edges;
}

std::string choose_partitioner(const std::string& words, const DatasetShape& dataset, int64_t limit) {
  if (words != "auto") return words;
  return dataset_bytes(dataset) + metis_bytes(dataset.nodes, dataset.edges) <= limit ? "metis" : "stream";
}

Partition partition_by(const std::string& words, const Graph& graph, int parts) {
  if (is_partition_file(words)) return read_partition(words, graph.nodes(), parts);
  if (parts == 0) fail_input("--partition {} needs --parts; only a file tells them by itself", words);
  return make_partition(graph, parts, parse_partition_method(words), kSeed);
}

}  // namespace tersegraph
