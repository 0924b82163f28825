// Rows that exchanges move, by what decides about them, as Markdown tables.
//   plan_rows DATA.npz ...
// The first table has the partitions: over all ranks and for the busiest one. The second has, for a model of three
// layers on METIS's partition, the rows of one exchange in full plans and in those of the layers of a training step,
// with every source's row travelling and with a minimum cover. "few" trains on 20 nodes a class (or, without labels, on
// 1 in 100 nodes), "many" on 60% of the nodes. Seconds are those of the slowest rank.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "base/timer.h"
#include "comm/collectives.h"
#include "comm/launch.h"
#include "data/dataset.h"
#include "data/split.h"
#include "exchange/layer_plans.h"

namespace tersegraph {
namespace {

constexpr int kLayers = 3, kParts[] = {2, 4, 8, 16};
constexpr uint64_t kSeed = 1;

std::vector<int64_t> training_nodes(const Dataset& dataset, bool many) {
  if (dataset.labels.outputs > 0) {
    return choose_split(dataset, many ? "0.6,0.2,0.2" : "per-class:20,0,0", 0, kSeed).train;
  }
  std::vector<int64_t> nodes;
  Random random(kSeed, Purpose::split);
  for (int64_t v = 0; v < dataset.nodes(); ++v) {
    if (random.uniform() < (many ? 0.6 : 0.01)) nodes.push_back(v);
  }
  return nodes;
}

std::vector<int64_t> owned_part(const Shard& shard, const std::vector<int64_t>& nodes) {
  std::vector<uint8_t> chosen(shard.global_nodes, 0);
  for (const int64_t v : nodes) chosen[v] = 1;
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < shard.owned_count(); ++i) {
    if (chosen[shard.owned[i]] != 0) rows.push_back(i);
  }
  return rows;
}

void print_partitions(const Dataset& dataset, int parts) {
  constexpr std::pair<const char*, PartitionMethod> kMethods[] = {{"metis", PartitionMethod::metis_cut},
                                                                  {"metis-volume", PartitionMethod::metis_volume},
                                                                  {"metis-refined", PartitionMethod::metis_refined}};
  for (const auto& [name, method] : kMethods) {
    const Timer timer;
    const Partition partition = make_partition(dataset.graph, parts, method, kSeed);
    const double seconds = timer.seconds();
    const PartitionFacts facts = inspect(dataset.graph, partition);
    const double mean = static_cast<double>(dataset.nodes()) / parts;
    fmt::print("| {} | {} | {} | {} | {} | {:.3f} | {:.2f} |\n", dataset.name, parts, name, facts.halo_rows,
               facts.largest_volume, static_cast<double>(facts.largest_part) / mean, seconds);
  }
}

/// Rows over all ranks in one exchange of the full plans and of each layer's.
struct Rows {
  int64_t full = 0;
  std::vector<int64_t> layers;
  double seconds = 0;  ///< for the full plans
  double layer_seconds = 0;
};

Rows count_rows(const Shard& shard, const std::vector<int64_t>& training, RowChoice choice, Channel& channel) {
  const auto sum = [&](int64_t count) {
    all_reduce_sum(channel, Traffic::setup, std::span(&count, 1));
    return count;
  };
  Rows rows;
  barrier(channel);
  const Timer timer;
  LayerPlans plans(shard, choice, channel);
  rows.seconds = all_reduce_max(channel, Traffic::setup, timer.seconds());
  rows.full = sum(plans.forward().rows_sent());
  const Timer layer_timer;
  plans.skip_rows(shard, training, kLayers, channel);
  rows.layer_seconds = all_reduce_max(channel, Traffic::setup, layer_timer.seconds());
  for (int l = 0; l < kLayers; ++l) rows.layers.push_back(sum(plans.forward(l).rows_sent()));
  return rows;
}

void print_rows(const Dataset& dataset, const Csr& matrix, int parts) {
  const Partition partition = make_partition(dataset.graph, parts, PartitionMethod::metis_cut, kSeed);
  for (const bool many : {false, true}) {
    const std::vector<int64_t> training = training_nodes(dataset, many);
    run_thread_ranks(parts, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      const Shard shard = build_shard(matrix, partition, channel.rank(), Ordering::none, kSeed);
      const std::vector<int64_t> mine = owned_part(shard, training);
      const Rows sources = count_rows(shard, mine, RowChoice::sources, channel);
      const Rows cover = count_rows(shard, mine, RowChoice::cover, channel);
      if (channel.rank() != 0) return;
      fmt::print("| {} | {} | {} | {} | {} | {} | {} | {:.3f} | {:.3f} | {:.3f} | {:.3f} |\n", dataset.name, parts,
                 many ? "many" : "few", sources.full, cover.full, fmt::join(sources.layers, " "),
                 fmt::join(cover.layers, " "), sources.seconds, cover.seconds, sources.layer_seconds,
                 cover.layer_seconds);
      std::fflush(stdout);
    });
  }
}

void run(const std::vector<std::string>& paths) {
  fmt::print("| data | parts | partition | halo rows | largest send + receive | largest part / mean | seconds |\n");
  fmt::print("|---|---|---|---|---|---|---|\n");
  for (const std::string& path : paths) {
    const Dataset dataset = load_dataset(path);
    for (const int parts : kParts) print_partitions(dataset, parts);
  }
  fmt::print(
      "\n| data | parts | training | halo rows | cover | halo rows by layer | cover by layer | s halo | s cover | "
      "s halo layers | s cover layers |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (const std::string& path : paths) {
    const Dataset dataset = load_dataset(path);
    const Csr matrix = aggregation_operator(dataset.graph, Normalisation::symmetric);
    for (const int parts : kParts) print_rows(dataset, matrix, parts);
  }
}

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  try {
    tersegraph::run({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "plan_rows: {}\n", error.what());
    return 2;
  }
}
