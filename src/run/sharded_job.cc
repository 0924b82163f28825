#include "run/sharded_job.h"

#include <utility>

#include "base/byte_stream.h"
#include "base/error.h"
#include "comm/collectives.h"
#include "data/joined_labels.h"
#include "data/shard_folder.h"
#include "data/split.h"
#include "run/options.h"
#include "run/train_config.h"
#include "run/trainers.h"

namespace tersegraph {
namespace {

using Bytes = std::vector<std::byte>;

template <class T>
void append(Bytes& bytes, const std::vector<T>& values) {
  const auto count = static_cast<int64_t>(values.size());
  append_values(bytes, &count, 1);
  append_values(bytes, values.data(), count);
}

template <class T>
std::vector<T> take(ByteReader& reader) {
  const auto count = reader.read<int64_t>();
  if (count < 0 || static_cast<size_t>(count) > reader.left() / sizeof(T)) reader.fail();
  std::vector<T> values(static_cast<size_t>(count));
  reader.read(values.data(), count);
  return values;
}

void append(Bytes& bytes, const Split& split) {
  for (const auto set : kSplitSets) append(bytes, split.*set);
}

Split take_split(ByteReader& reader) {
  Split split;
  for (const auto set : kSplitSets) split.*set = take<int64_t>(reader);
  return split;
}

Bytes labels_message(const ShardData& shard) {
  Bytes bytes;
  append(bytes, shard.owned());
  const Labels& labels = shard.own_labels();
  append_values(bytes, labels.classes.data(), std::ssize(labels.classes));
  append_values(bytes, labels.targets.data(), labels.targets.size());
  for (const Split& split : shard.splits()) append(bytes, split);
  return bytes;
}

/// What the ranks' messages say together, and who owns which node.
struct Gathered {
  std::shared_ptr<Dataset> dataset;
  std::vector<int32_t> owner;
};

Gathered read_messages(const std::vector<Bytes>& messages, const ShardManifest& manifest) {
  const DatasetFacts& facts = manifest.facts;
  JoinedLabels joined(facts, facts.splits.size());
  std::vector<int32_t> owner(facts.nodes, -1);
  for (size_t rank = 0; rank < messages.size(); ++rank) {
    ByteReader reader(messages[rank], fmt::format("rank {} sent labels that cannot be read", rank));
    const auto owned = take<int64_t>(reader);
    for (const int64_t v : owned) {
      if (v < 0 || v >= facts.nodes) reader.fail();
      if (owner[v] >= 0) fail_input("node {} is in the shards of ranks {} and {}", v, owner[v], rank);
      owner[v] = static_cast<int32_t>(rank);
    }
    Labels part = room_for_labels(std::ssize(owned), facts.task, facts.outputs);
    reader.read(part.classes.data(), std::ssize(part.classes));
    reader.read(part.targets.data(), part.targets.size());
    std::vector<Split> splits(facts.splits.size());
    for (Split& split : splits) split = take_split(reader);
    joined.add(owned, part, splits);
  }
  return {std::make_shared<Dataset>(joined.take()), std::move(owner)};
}

/// Each rank's part of every split, and the class weights.
std::vector<Bytes> split_messages(const Job& job, const std::vector<int32_t>& owner, int ranks) {
  std::vector<Bytes> messages(ranks);
  for (size_t run = 0; run < job.splits.size(); ++run) {
    for (const auto set : kSplitSets) {
      std::vector<std::vector<int64_t>> parts(ranks);
      for (const int64_t v : job.splits[run].*set) parts[owner[v]].push_back(v);
      for (int rank = 0; rank < ranks; ++rank) append(messages[rank], parts[rank]);
    }
    for (Bytes& message : messages) append(message, job.class_weights[run]);
  }
  return messages;
}

}  // namespace

bool reads_shards(const RunConfig& config) {
  return trainer_kind(config) == TrainerKind::full_graph && is_sharded(config.data);
}

Job open_shard(const RunConfig& config, int rank) {
  Job job;
  job.config = config;
  check_words(config);
  job.manifest = std::make_shared<ShardManifest>(read_manifest(config.data));
  job.shape = job.manifest->facts;
  check_trainable(job.shape, config);
  job.shard =
      std::make_shared<ShardData>(*job.manifest, config.data, rank, normalisation(config), config.normalize_features);
  return job;
}

void share_splits(Job& job, Channel& channel) {
  const bool first = channel.rank() == 0;
  std::vector<Bytes> outgoing(channel.size());
  outgoing[0] = labels_message(*job.shard);
  std::vector<Bytes> incoming = all_to_all(channel, Traffic::setup, outgoing);
  outgoing.assign(channel.size(), {});
  agree(channel, [&] {
    if (!first) return;
    Gathered all = read_messages(incoming, *job.manifest);
    incoming.clear();
    job.dataset = all.dataset;
    choose_splits(job);
    outgoing = split_messages(job, all.owner, channel.size());
  });
  incoming = all_to_all(channel, Traffic::setup, outgoing);
  if (first) return job.shard->show_all_labels(job.dataset->labels);
  ByteReader reader(incoming[0], "rank 0 sent splits that cannot be read");
  for (int64_t run = 0; run < job.config.runs; ++run) {
    job.splits.push_back(take_split(reader));
    job.class_weights.push_back(take<float>(reader));
  }
}

}  // namespace tersegraph
