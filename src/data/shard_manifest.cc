#include "data/shard_manifest.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file.h"
#include "data/facts_json.h"

namespace tersegraph {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "tersegraph shards";
constexpr int64_t kVersion = 1, kMostParts = 1 << 20;

std::string manifest_path(const std::string& folder) {
  return (std::filesystem::path(folder) / "manifest.json").string();
}

std::string hex(uint64_t number) {
  return fmt::format("{:016x}", number);
}

uint64_t from_hex(const ordered_json& word) {
  return std::stoull(word.get<std::string>(), nullptr, 16);
}

/// Names of files may be no UTF-8.
std::string dump(const ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

std::string checksum_of(const ordered_json& json) {
  const std::string text = dump(json, -1);
  return hex(checksum(std::as_bytes(std::span(text))));
}

ordered_json to_json(const PartitionFacts& facts) {
  return {{"cut_edges", facts.cut_edges},       {"halo_rows", facts.halo_rows},
          {"largest_halo", facts.largest_halo}, {"smallest_part", facts.smallest_part},
          {"largest_part", facts.largest_part}, {"largest_volume", facts.largest_volume}};
}

PartitionFacts partition_facts_of(const ordered_json& json) {
  return {.cut_edges = json.at("cut_edges"),
          .halo_rows = json.at("halo_rows"),
          .largest_halo = json.at("largest_halo"),
          .smallest_part = json.at("smallest_part"),
          .largest_part = json.at("largest_part"),
          .largest_volume = json.at("largest_volume")};
}

ShardManifest parse(const ordered_json& json) {
  ShardManifest manifest;
  manifest.facts = facts_of(json.at("data"));
  manifest.partitioner = json.at("partitioner").get<std::string>();
  manifest.partition = partition_facts_of(json.at("partition"));
  manifest.fingerprint = from_hex(json.at("fingerprint"));
  for (const auto& shard : json.at("shards")) {
    manifest.shards.push_back({.nodes = shard.at("nodes"),
                               .halo = shard.at("halo"),
                               .entries = shard.at("edges"),
                               .bytes = shard.at("bytes")});
  }
  return manifest;
}

/// The arrays that a part's file must at least hold, so that a few bytes cannot claim the machine's memory.
double least_bytes(const DatasetFacts& facts, const ShardManifest::Entry& shard) {
  const double features = facts.sparse_features ? 8.0 : 4.0 * static_cast<double>(facts.features);
  const double labels = facts.outputs == 0               ? 0.0
                        : facts.task == Task::multiclass ? 4.0
                                                         : 4.0 * static_cast<double>(facts.outputs);
  const double a_node = 8.0 + features + labels + static_cast<double>(facts.splits.size());
  return static_cast<double>(shard.nodes) * a_node + 16.0 * static_cast<double>(shard.halo) +
         4.0 * static_cast<double>(shard.entries);
}

/// What a checksum cannot say of a manifest that somebody wrote.
void check(const ShardManifest& manifest, const std::string& path) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max(), kMostEntries = int64_t{1} << 48;
  const DatasetFacts& facts = manifest.facts;
  const auto within = [](int64_t count, int64_t least, int64_t most) { return count >= least && count <= most; };
  int64_t nodes = 0, entries = 0;
  bool good =
      within(manifest.parts(), 1, kMostParts) && within(facts.features, 0, kMost) && within(facts.outputs, 0, kMost);
  for (const auto& shard : manifest.shards) {
    good = good && within(shard.nodes, 1, kMost) && within(shard.halo, 0, kMost) &&
           within(shard.entries, 0, kMostEntries) && static_cast<double>(shard.bytes) >= least_bytes(facts, shard);
    if (!good) break;
    nodes += shard.nodes;
    entries += shard.entries;
  }
  if (!good || nodes != facts.nodes || nodes > kMost || entries != facts.edges) {
    fail_input("{}: its numbers contradict each other; make the shards again", path);
  }
}

}  // namespace

int64_t ShardManifest::bytes() const {
  int64_t sum = 0;
  for (const Entry& shard : shards) sum += shard.bytes;
  return sum;
}

bool is_sharded(const std::string& data) {
  std::error_code unreadable;
  return !data.empty() && std::filesystem::is_regular_file(manifest_path(data), unreadable);
}

std::string shard_path(const std::string& folder, int part) {
  return (std::filesystem::path(folder) / fmt::format("shard-{}.npz", part)).string();
}

std::string manifest_text(const ShardManifest& manifest) {
  ordered_json json = {{"format", kFormat},
                       {"version", kVersion},
                       {"data", to_json(manifest.facts)},
                       {"parts", manifest.parts()},
                       {"partitioner", manifest.partitioner},
                       {"partition", to_json(manifest.partition)},
                       {"fingerprint", hex(manifest.fingerprint)},
                       {"shards", ordered_json::array()}};
  for (int part = 0; part < manifest.parts(); ++part) {
    const auto& shard = manifest.shards[part];
    json["shards"].push_back({{"file", std::filesystem::path(shard_path("", part)).filename().string()},
                              {"nodes", shard.nodes},
                              {"halo", shard.halo},
                              {"edges", shard.entries},
                              {"bytes", shard.bytes}});
  }
  json["checksum"] = checksum_of(json);
  return dump(json, 2) + "\n";
}

ShardManifest read_manifest(const std::string& folder) {
  const std::string path = manifest_path(folder);
  try {
    ordered_json json = ordered_json::parse(read_file(path));
    if (json.at("format") != kFormat) fail_input("{}: is no manifest of a sharded dataset", path);
    if (json.at("version") != kVersion) {
      fail_input("{}: is of version {}, and this program reads version {}", path, json.at("version").dump(), kVersion);
    }
    const std::string stated = json.at("checksum").get<std::string>();
    json.erase("checksum");
    if (checksum_of(json) != stated) fail_input("{}: was changed or is damaged; make the shards again", path);
    ShardManifest manifest = parse(json);
    check(manifest, path);
    return manifest;
  } catch (const ordered_json::exception&) {
    fail_input("{}: is no manifest of a sharded dataset, or is damaged; make the shards again", path);
  } catch (const std::logic_error&) {  // std::stoull's
    fail_input("{}: is damaged; make the shards again", path);
  }
}

}  // namespace tersegraph
