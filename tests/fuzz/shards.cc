// Shards of a dataset: bytes of their arrays and numbers of the manifest changed, with checksums that are right again.
#include "data/facts_json.h"
#include "data/shard_data.h"
#include "data/shard_folder.h"
#include "data/shard_writer.h"
#include "data/synthetic.h"
#include "memory_folder.h"

using namespace tersegraph;

namespace {

constexpr int kParts = 2;

/// The arrays of each shard, and the manifest, before they are changed.
struct Shards {
  ShardManifest manifest;
  std::vector<std::pair<std::string, std::string>> members[kParts];  ///< names and bytes
};

Shards whole_shards() {
  const fuzz::MemoryFolder folder;
  const Dataset dataset = synthetic_dataset("sbm:nodes=30,edges=60,features=3,classes=3,seed=2");
  Partition partition{kParts, {}};
  for (int v = 0; v < 30; ++v) partition.part_of.push_back(v * 7 % 3 == 0);
  Shards shards;
  shards.manifest = write_shards(WholeRows(dataset), partition, "random", folder.path() + "/shards");
  for (int part = 0; part < kParts; ++part) {
    const ZipReader zip(shard_path(folder.path() + "/shards", part));
    for (const ZipMember& member : zip.members()) {
      const auto bytes = zip.read(member);
      shards.members[part].emplace_back(member.name, fuzz::text_of(bytes.view()));
    }
  }
  return shards;
}

/// Puts other bytes over some of a member's, or cuts it, or makes it longer.
void change(std::string& bytes, fuzz::Input& input) {
  const size_t at = input.number<uint16_t>() % (bytes.size() + 1);
  const int way = input.below(4);
  const std::string_view fresh = fuzz::text_of(input.take(input.below(32)));
  if (way == 0) return bytes.resize(at);
  if (way == 1) bytes.insert(at, fresh);
  if (way >= 2) bytes.replace(at, fresh.size(), fresh);
}

void change(ShardManifest& manifest, fuzz::Input& input) {
  const auto number = input.number<int64_t>();
  auto& entry = manifest.shards[input.below(kParts)];
  DatasetFacts& facts = manifest.facts;
  int64_t* const numbers[] = {&facts.nodes,   &facts.edges, &facts.features, &facts.feature_entries,
                              &facts.outputs, &entry.nodes, &entry.halo,     &entry.entries};
  const int which = input.below(14);
  if (which < 8) {
    *numbers[which] = number;
  } else if (which == 8) {
    facts.directed = !facts.directed;
  } else if (which == 9) {
    facts.weighted = !facts.weighted;
  } else if (which == 10) {
    facts.sparse_features = !facts.sparse_features;
  } else if (which == 11) {
    facts.task = facts.task == Task::multiclass ? Task::regression : Task::multiclass;
  } else if (which == 12) {
    facts.splits.resize(static_cast<uint64_t>(number) % 4);
  } else {
    manifest.shards.resize(static_cast<uint64_t>(number) % 4);
    if (manifest.shards.size() < kParts) manifest.shards.resize(kParts);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Shards whole = whole_shards();
  static const fuzz::MemoryFolder folder;
  folder.clear();
  fuzz::Input input(data, size);
  Shards shards = whole;
  while (input.left() > 0) {
    const int part = input.below(kParts + 1);
    if (part == kParts) {
      change(shards.manifest, input);
    } else {
      auto& members = shards.members[part];
      change(members[input.number<uint8_t>() % members.size()].second, input);
    }
  }
  for (int part = 0; part < kParts; ++part) {
    const std::string path = shard_path(folder.path(), part);
    ZipWriter zip(path);
    for (const auto& [name, bytes] : shards.members[part]) {
      const std::span<const std::byte> pieces[] = {std::as_bytes(std::span(bytes))};
      zip.add(name, pieces, Compression::stored);
    }
    zip.finish();
    shards.manifest.shards[part].bytes = static_cast<int64_t>(std::filesystem::file_size(path));
  }
  folder.write("manifest.json", manifest_text(shards.manifest));
  fuzz::expect_read_or_refused([&] { load_dataset(folder.path()); });
  fuzz::expect_read_or_refused([&] {
    const ShardManifest manifest = read_manifest(folder.path());
    check_shards(folder.path(), manifest);
    const ShardData own(manifest, folder.path(), 0, Normalisation::symmetric, true);
    own.features(own.shard(Ordering::clusters, 1).owned);
  });
  return 0;
}
