// One partition of a graph, as JSON.
//   partition_bench data=FILE|sbm:... [method=metis] [parts=8] [seed=1]
// halo_rows: rows of one exchange over all parts; seconds; bytes: the most memory that partitioning took beside the
// graph, which for METIS and stream includes a copy of the edges where they are not symmetric.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/timer.h"
#include "data/dataset.h"
#include "graph/partition.h"
#include "words.h"

namespace tersegraph {
namespace {

/// A line of /proc/self/status in bytes: VmHWM is the most memory since the last reset, VmRSS that of now.
int64_t memory(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

void reset_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

void run(int argc, char** argv) {
  const Words words(argc - 1, argv + 1);
  words.allow_only({"data", "method", "parts", "seed"});
  const Dataset dataset = load_dataset(words.text("data", "sbm:nodes=20000,edges=200000,features=1,classes=16,seed=1"));
  const std::string method = words.text("method", "metis");
  const int parts = static_cast<int>(words.number("parts", 8));
  const int64_t before = memory("VmRSS");
  reset_peak();
  const Timer timer;
  const Partition partition = make_partition(dataset.graph, parts, parse_partition_method(method),
                                             static_cast<uint64_t>(words.number("seed", 1)));
  const double seconds = timer.seconds();
  const int64_t bytes = memory("VmHWM") - before;
  const PartitionFacts facts = inspect(dataset.graph, partition);
  const nlohmann::json out = {{"data", dataset.name},
                              {"nodes", dataset.nodes()},
                              {"edges", dataset.graph.edges()},
                              {"method", method},
                              {"parts", parts},
                              {"halo_rows", facts.halo_rows},
                              {"cut_edges", facts.cut_edges},
                              {"largest_part", static_cast<double>(facts.largest_part) * parts / dataset.nodes()},
                              {"seconds", seconds},
                              {"bytes", bytes}};
  fmt::print("{}\n", out.dump());
}

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  try {
    tersegraph::run(argc, argv);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "partition_bench: {}\n", error.what());
    return 2;
  }
}
