#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "data/facts_json.h"
#include "data/shard_folder.h"
#include "run/results.h"
#include "run/units.h"

namespace tersegraph {
namespace {

struct InfoWords {
  std::string data;
  bool json = false;
};

void print_row(const char* name, const std::string& words) {
  fmt::print("{:<10} {}\n", name, words);
}

std::string edge_words(const DatasetFacts& facts) {
  const std::string count = facts.directed ? format_count(facts.edges) + " directed"
                                           : format_count(facts.edges / 2) + " undirected (stored both ways)";
  return count + (facts.weighted ? ", weighted" : "");
}

std::string feature_words(const DatasetFacts& facts) {
  if (facts.features == 0) return "none";
  const std::string kind =
      facts.sparse_features ? fmt::format("sparse ({:.2f} % stored)", 100 * facts.feature_density) : "dense";
  return fmt::format("{}, {}", format_count(facts.features), kind);
}

std::string label_words(const DatasetFacts& facts) {
  if (facts.outputs == 0) return "none";
  return fmt::format("{}, {} outputs; {} nodes labelled", task_name(facts.task), format_count(facts.outputs),
                     format_count(facts.labelled));
}

std::string split_words(const DatasetFacts& facts) {
  if (facts.splits.empty()) return "none";
  const auto& first = facts.splits.front();
  return fmt::format("{}: {} train, {} validation, {} test{}", facts.splits.size(), format_count(first.train),
                     format_count(first.val), format_count(first.test), facts.splits.size() > 1 ? " in the first" : "");
}

void print_table(const DatasetFacts& facts) {
  print_row("name", facts.name);
  if (!facts.format.empty()) print_row("format", facts.format);
  print_row("nodes", fmt::format("{}, {} of them isolated", format_count(facts.nodes), format_count(facts.isolated)));
  print_row("edges", edge_words(facts));
  print_row("degree", fmt::format("{:.1f} on average, {} at most", facts.mean_degree, format_count(facts.max_degree)));
  print_row("features", feature_words(facts));
  print_row("labels", label_words(facts));
  if (!facts.class_counts.empty())
    print_row("classes", fmt::format("of {} nodes", fmt::join(facts.class_counts, ", ")));
  if (std::isfinite(facts.edge_homophily)) {
    print_row("homophily", fmt::format("{:.3f} of the edges join nodes of a class", facts.edge_homophily));
  }
  print_row("splits", split_words(facts));
  for (const std::string& remark : facts.remarks) print_row("note", remark);
}

void print_parts(const ShardManifest& manifest) {
  const PartitionFacts& parts = manifest.partition;
  print_row("parts",
            fmt::format("{} by {}, of {} to {} nodes; {} edges between them, {} halo rows", manifest.parts(),
                        manifest.partitioner, format_count(parts.smallest_part), format_count(parts.largest_part),
                        format_count(parts.cut_edges), format_count(parts.halo_rows)));
  print_row("files", fmt::format("{}, every checksum is right", format_bytes(static_cast<double>(manifest.bytes()))));
}

nlohmann::ordered_json parts_json(const ShardManifest& manifest) {
  nlohmann::ordered_json shards = nlohmann::ordered_json::array();
  for (const auto& shard : manifest.shards) {
    shards.push_back({{"nodes", shard.nodes}, {"halo", shard.halo}, {"edges", shard.entries}, {"bytes", shard.bytes}});
  }
  return {{"partitioner", manifest.partitioner},
          {"cut_edges", manifest.partition.cut_edges},
          {"halo_rows", manifest.partition.halo_rows},
          {"shards", shards}};
}

/// Of a sharded dataset the manifest tells, once its files were found whole.
int info_on_shards(const InfoWords& words) {
  const ShardManifest manifest = read_manifest(words.data);
  check_shards(words.data, manifest);
  if (words.json) {
    nlohmann::ordered_json json = to_json(manifest.facts);
    json["parts"] = parts_json(manifest);
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  print_table(manifest.facts);
  print_parts(manifest);
  return 0;
}

int info(const InfoWords& words) {
  if (is_sharded(words.data)) return info_on_shards(words);
  const DatasetFacts facts = describe(*open_dataset(words.data));
  if (words.json) {
    fmt::print("{}\n", to_json(facts).dump(2));
  } else {
    print_table(facts);
  }
  return 0;
}

}  // namespace

Subcommand info_subcommand() {
  static InfoWords words;
  return {.name = "info",
          .help = "say what a dataset is, and what training on it would stumble over",
          .footer = "Example: tersegraph info cora.npz",
          .arguments = {{.name = "DATA",
                         .help = "a file in a known format, or sbm:...",
                         .target = &words.data,
                         .required = true,
                         .offers = Offers::files},
                        {.name = "--json", .help = "print JSON", .target = &words.json}},
          .run = [] { return info(words); }};
}

}  // namespace tersegraph
