// Rows that exchanges move, by what decides about them, as JSON.
//   plan_rows DATA.npz ...
// partitions: rows of one exchange over all ranks (halo_rows), and the most that one rank sends and receives.
// rows: on METIS's partition, for a model of three layers whose layer 0 meets constant features: of one exchange, and
// of an epoch (two exchanges forward, two backward) in full plans and in those that skip what the loss does not see,
// with every source's row travelling and with a minimum cover. "few" trains on 20 nodes a class (without labels, on 1
// in 100 nodes), "many" on 60% of the nodes. Seconds are those of the slowest rank.
// hosts: of one exchange, the rows that go between hosts with several ranks each, neighbours together: as each rank
// needs them, and as the ranks of a host share them.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
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
#include "exchange/width_ladder.h"

namespace tersegraph {
namespace {

using nlohmann::json;

constexpr int kLayers = 3, kParts[] = {2, 4, 8, 16};
constexpr int64_t kHidden = 256;
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

json partition_facts(const Dataset& dataset, int parts) {
  constexpr std::pair<const char*, PartitionMethod> kMethods[] = {{"metis", PartitionMethod::metis_cut},
                                                                  {"metis-volume", PartitionMethod::metis_volume},
                                                                  {"metis-refined", PartitionMethod::metis_refined}};
  json all;
  for (const auto& [name, method] : kMethods) {
    const Timer timer;
    const Partition partition = make_partition(dataset.graph, parts, method, kSeed);
    const double seconds = timer.seconds();
    const PartitionFacts facts = inspect(dataset.graph, partition);
    const double mean = static_cast<double>(dataset.nodes()) / parts;
    all[name] = {{"cut_edges", facts.cut_edges},
                 {"halo_rows", facts.halo_rows},
                 {"largest_volume", facts.largest_volume},
                 {"largest_part", static_cast<double>(facts.largest_part) / mean},
                 {"seconds", seconds}};
  }
  return all;
}

/// Over all ranks, with one choice of rows.
json count_rows(const Shard& shard, const std::vector<int64_t>& training, RowChoice choice, Channel& channel) {
  const auto sum = [&](int64_t count) {
    all_reduce_sum(channel, Traffic::setup, std::span(&count, 1));
    return count;
  };
  barrier(channel);
  const Timer timer;
  LayerPlans plans(shard, choice, Hosts::apart(channel.size(), channel.rank()), channel);
  const double seconds = all_reduce_max(channel, Traffic::setup, timer.seconds());
  const int64_t full = sum(plans.forward().rows_sent());
  plans.skip_rows(shard, training, kLayers, channel);
  const double all_seconds = all_reduce_max(channel, Traffic::setup, timer.seconds());
  int64_t epoch = 0;
  std::vector<int64_t> layers;
  for (int l = 0; l < kLayers; ++l) {
    layers.push_back(sum(plans.forward(l).rows_sent()));
    // Layer 0 meets constant features, which travel once.
    if (l > 0) epoch += layers.back() + sum(plans.backward(l).rows_sent());
  }
  return {{"exchange", full},   {"epoch", 2 * (kLayers - 1) * full}, {"layers", layers}, {"epoch_skipping", epoch},
          {"seconds", seconds}, {"seconds_with_layers", all_seconds}};
}

json row_counts(const Dataset& dataset, const Csr& matrix, int parts) {
  const Partition partition = make_partition(dataset.graph, parts, PartitionMethod::metis_cut, kSeed);
  json all;
  for (const bool many : {false, true}) {
    const std::vector<int64_t> training = training_nodes(dataset, many);
    run_thread_ranks(parts, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      const Shard shard = build_shard(matrix, partition, channel.rank(), Ordering::none, kSeed);
      const std::vector<int64_t> mine = owned_part(shard, training);
      const json sources = count_rows(shard, mine, RowChoice::sources, channel);
      const json cover = count_rows(shard, mine, RowChoice::cover, channel);
      if (channel.rank() == 0) all[many ? "many" : "few"] = {{"sources", sources}, {"cover", cover}};
    });
  }
  return all;
}

/// Rows of one exchange that leave their host.
int64_t rows_between(const Shard& shard, RowChoice choice, const std::vector<int>& host_of, IntraHost intra,
                     Channel& channel) {
  const Hosts hosts(host_of, intra, channel.rank());
  const ExchangePlan plan = plan_forward(shard, shard.remote, choice, hosts, channel);
  int64_t rows = 0;
  for (int q = 0; q < channel.size(); ++q) {
    if (host_of[q] != host_of[channel.rank()]) rows += plan.send_offsets[q + 1] - plan.send_offsets[q];
  }
  all_reduce_sum(channel, Traffic::setup, std::span(&rows, 1));
  return rows;
}

json host_counts(const Dataset& dataset, const Csr& matrix, int parts, int hosts) {
  const Partition partition = make_partition(dataset.graph, parts, PartitionMethod::metis_cut, kSeed);
  std::vector<int> host_of;
  for (int r = 0; r < parts; ++r) host_of.push_back(r * hosts / parts);
  json all;
  run_thread_ranks(parts, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Shard shard = build_shard(matrix, partition, channel.rank(), Ordering::none, kSeed);
    for (const auto& [name, choice] : {std::pair{"sources", RowChoice::sources}, {"cover", RowChoice::cover}}) {
      const int64_t apart = rows_between(shard, choice, host_of, IntraHost::same, channel);
      const int64_t shared = rows_between(shard, choice, host_of, IntraHost::exact, channel);
      if (channel.rank() == 0) all[name] = {{"apart", apart}, {"shared", shared}};
    }
  });
  return all;
}

void run(const std::vector<std::string>& paths) {
  json graphs;
  for (const std::string& path : paths) {
    const Dataset dataset = load_dataset(path);
    const Csr matrix = aggregation_operator(dataset.graph, Normalisation::symmetric);
    for (const int parts : kParts) {
      graphs.push_back({{"data", dataset.name},
                        {"parts", parts},
                        {"partitions", partition_facts(dataset, parts)},
                        {"rows", row_counts(dataset, matrix, parts)}});
      for (const int hosts : {2, 4}) {
        if (hosts < parts) graphs.back()["hosts"][std::to_string(hosts)] = host_counts(dataset, matrix, parts, hosts);
      }
    }
  }
  const json row = {{"fp32", row_bytes(32, kHidden)}, {"2 bits", row_bytes(2, kHidden)}};
  fmt::print("{}\n", json{{"row_bytes", row}, {"graphs", graphs}}.dump(1));
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
