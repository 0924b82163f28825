#include "run/job.h"

#include <cstring>

#include "base/error.h"
#include "comm/collectives.h"
#include "data/features.h"
#include "data/share.h"
#include "data/split.h"
#include "run/partitioning.h"
#include "run/train_config.h"
#include "run/trainers.h"

namespace tersegraph {
namespace {

/// As it is trained on. What is not ours is copied before it is changed.
std::shared_ptr<const Dataset> prepared(const RunConfig& config, const std::shared_ptr<const Dataset>& given) {
  if (given != nullptr && !config.normalize_features) return given;
  const auto own = std::make_shared<Dataset>(given != nullptr ? share(given) : load_dataset(config.data));
  if (config.normalize_features) normalize_rows(own->features);
  return own;
}

}  // namespace

void check_trainable(const DatasetShape& dataset, const RunConfig& config) {
  if (dataset.features == 0) {
    fail_input("{} has no node features, which {} needs; add them to the file (array attr)", config.data, config.model);
  }
  if (dataset.outputs == 0) fail_input("{} has no labels to train on; add them to the file", config.data);
  if (config.ranks > dataset.nodes) {
    fail_input("--ranks {}: {} has only {} nodes, and every rank needs one", config.ranks, config.data, dataset.nodes);
  }
}

void choose_splits(Job& job) {
  const RunConfig& config = job.config;
  for (int64_t run = 0; run < config.runs; ++run) {
    const auto seed = static_cast<uint64_t>(config.seed + run);
    job.splits.push_back(choose_split(*job.dataset, config.split, static_cast<int>(config.split_index), seed));
    job.class_weights.push_back(class_weights(config.class_weights, job.dataset->labels, job.splits.back()));
  }
}

Job load_job(const RunConfig& config, const std::shared_ptr<const Dataset>& dataset) {
  Job job;
  job.config = config;
  check_words(config);  // before the data: bad words cost no waiting
  job.dataset = prepared(config, dataset);
  job.shape = shape_of(*job.dataset);
  check_trainable(job.shape, config);
  choose_splits(job);
  job.aggregation = aggregation_operator(job.dataset->graph, normalisation(config));
  return job;
}

Partition partition_job(const Job& job) {
  return partition_by(job.config.partition, job.dataset->graph, static_cast<int>(job.config.ranks));
}

PartitionFacts partition_facts(const Job& job) {
  return job.sharded() ? job.manifest->partition : inspect(job.dataset->graph, job.partition);
}

void share_partition(Channel& channel, Job& job) {
  agree(channel, [&] {
    if (channel.rank() == 0) job.partition = partition_job(job);
  });
  const auto own = std::as_bytes(std::span(job.partition.part_of));
  const auto first = all_gather(channel, Traffic::setup, own).front();
  job.partition.parts = channel.size();
  job.partition.part_of.resize(first.size() / sizeof(int32_t));
  std::memcpy(job.partition.part_of.data(), first.data(), first.size());
}

}  // namespace tersegraph
