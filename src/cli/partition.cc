#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/error.h"
#include "base/timer.h"
#include "cli/commands.h"
#include "data/partition_file.h"
#include "data/shard_writer.h"
#include "run/partitioning.h"
#include "run/plan_words.h"
#include "run/signals.h"
#include "run/units.h"

namespace tersegraph {
namespace {

struct PartitionWords {
  std::string data, parts, out, partition = "auto", memory_limit;
};

int part_count(const PartitionWords& words) {
  constexpr int kMost = 4096;
  if (words.parts.empty()) {
    if (is_partition_file(words.partition)) return 0;
    fail_input("--parts is missing: as many as the ranks that are to train, like --parts 4");
  }
  int parts = 0;
  const char* const end = words.parts.data() + words.parts.size();
  const auto [read_to, error] = std::from_chars(words.parts.data(), end, parts);
  if (error != std::errc() || read_to != end || parts < 1 || parts > kMost) {
    fail_input("--parts is {}; it must be a whole number from 1 to {}", words.parts, kMost);
  }
  return parts;
}

std::string memory(int64_t bytes) {
  return format_bytes(static_cast<double>(bytes));
}

/// Said before work that may take long.
void tell_choice(const std::string& chosen, const PartitionWords& words, const DatasetShape& shape, int64_t limit) {
  fmt::print("graph   {}: {} nodes, {} edges, {} features\n", shape.name, format_count(shape.nodes),
             format_count(shape.edges), format_count(shape.features));
  fmt::print("parts   by {}", chosen);
  if (words.partition == "auto") {
    fmt::print("; METIS may take {}, and there are {} for it", memory(metis_bytes(shape.nodes, shape.edges)),
               memory(limit));
  }
  fmt::print("\n");
  std::fflush(stdout);
}

void tell_parts(const ShardManifest& manifest, const std::string& folder) {
  const PartitionFacts& facts = manifest.partition;
  const double cut =
      static_cast<double>(facts.cut_edges) / static_cast<double>(std::max<int64_t>(1, manifest.facts.edges));
  fmt::print("output  {}: {} parts of {} to {} nodes, {:.1f} % of the edges cut, {} halo rows, {}\n", folder,
             manifest.parts(), format_count(facts.smallest_part), format_count(facts.largest_part), 100 * cut,
             format_count(facts.halo_rows), memory(manifest.bytes()));
}

int partition(const PartitionWords& words) {
  const SignalGuard guard;
  const int parts = part_count(words);
  if (words.partition != "auto" && !is_partition_file(words.partition)) parse_partition_method(words.partition);
  const int64_t stated = words.memory_limit.empty() ? 0 : parse_bytes(words.memory_limit, "--memory-limit");
  check_new_folder(words.out);
  const Timer timer;
  const std::unique_ptr<DatasetRows> rows = open_dataset(words.data);
  const int64_t limit = stated > 0 ? std::max<int64_t>(0, stated - resident_bytes()) : available_memory();
  const std::string chosen = choose_partitioner(words.partition, rows->shape(), limit);
  tell_choice(chosen, words, rows->shape(), limit);
  const Partition made = partition_by(chosen, *rows, parts);
  fmt::print("        parted after {}\n", format_seconds(timer.seconds()));
  std::fflush(stdout);
  tell_parts(write_shards(*rows, made, chosen, words.out), words.out);
  return 0;
}

}  // namespace

Subcommand partition_subcommand() {
  static PartitionWords words;
  return {.name = "partition",
          .help = "cut a dataset into a file a rank, so that no rank has to hold it whole",
          .footer =
              "Examples:\n"
              "  tersegraph partition DATA --parts 4 --out shards      then: tersegraph train --data shards\n"
              "  tersegraph partition DATA --out shards --partition graph.metis.part.4",
          .arguments = {{.name = "DATA",
                         .help = "a dataset in a known format, or sbm:...",
                         .target = &words.data,
                         .required = true,
                         .offers = Offers::files},
                        {.name = "--parts",
                         .help = "files to make: one for each rank that is to train",
                         .target = &words.parts,
                         .takes = "R",
                         .by_default = "those of a part file"},
                        {.name = "--out",
                         .help = "folder to make",
                         .target = &words.out,
                         .takes = "DIR",
                         .required = true,
                         .offers = Offers::folders},
                        {.name = "--partition",
                         .help = "who owns which node: auto (metis where memory allows it, otherwise stream), another "
                                 "method of train --partition, or a file with the part of each node",
                         .target = &words.partition,
                         .takes = "METHOD|FILE",
                         .by_default = "auto",
                         .offers = Offers::files},
                        {.name = "--memory-limit",
                         .help = "memory that auto may take, like 16G or 15.5Gi",
                         .target = &words.memory_limit,
                         .takes = "WORDS",
                         .by_default = "what is free"}},
          .run = [] { return partition(words); }};
}

}  // namespace tersegraph
