#include "run/trainers.h"

#include <algorithm>
#include <span>

#include "admm/admm_trainer.h"
#include "admm/memory.h"
#include "base/error.h"
#include "comm/launch.h"
#include "run/options.h"
#include "run/train_config.h"
#include "run/units.h"
#include "train/full_graph.h"
#include "train/mlp_trainer.h"

namespace tersegraph {
namespace {

RunConfig config_of_run(const Job& job, int64_t run) {
  RunConfig config = job.config;
  config.seed += run;
  return config;
}

template <class Config>
Config of_run(Config training, const Job& job, int64_t run, bool gather_outputs) {
  training.class_weights = job.class_weights.empty() ? std::vector<float>() : job.class_weights[run];
  training.gather_outputs = gather_outputs;
  return training;
}

}  // namespace

void check_words(const RunConfig& config) {
  if (!config.memory_limit.empty()) parse_bytes(config.memory_limit, "--memory-limit");
  switch (trainer_kind(config)) {
    case TrainerKind::full_graph:
      full_graph_config(config);
      break;
    case TrainerKind::mlp:
      mlp_config(config);
      break;
    case TrainerKind::admm:
      admm_trainer_config(config);
      break;
  }
}

std::unique_ptr<Trainer> make_trainer(const Job& job, int64_t run, bool gather_outputs, Channel& channel) {
  const RunConfig config = config_of_run(job, run);
  const Split& split = job.splits[run];
  switch (trainer_kind(config)) {
    case TrainerKind::full_graph: {
      const FullGraphConfig training = of_run(full_graph_config(config), job, run, gather_outputs);
      if (job.sharded()) return std::make_unique<FullGraphTrainer>(*job.shard, split, training, channel);
      return std::make_unique<FullGraphTrainer>(*job.dataset, job.aggregation, split, job.partition, training, channel);
    }
    case TrainerKind::mlp:
      return std::make_unique<MlpTrainer>(*job.dataset, job.aggregation, split, job.partition,
                                          of_run(mlp_config(config), job, run, gather_outputs), channel);
    case TrainerKind::admm:
      return std::make_unique<AdmmTrainer>(*job.dataset, job.aggregation, split, job.partition,
                                           admm_trainer_config(config), channel);
  }
  return nullptr;
}

MemoryPrediction predict_memory(const Job& job, const PartitionFacts& facts, int a_host) {
  const bool processes = a_host > 0;
  const auto ranks = static_cast<int>(job.config.ranks);
  const ProcessPart part = {.ranks = ranks,
                            .ranks_here = processes ? 1 : ranks,
                            .halo_rows = processes ? facts.largest_halo : facts.halo_rows,
                            .cut_edges = processes ? facts.cut_edges / ranks : facts.cut_edges,
                            .sharded = job.sharded(),
                            .mates = std::max(a_host, 1)};
  const Split& split = job.splits.front();
  switch (trainer_kind(job.config)) {
    case TrainerKind::full_graph:
      return predict_memory(job.shape, std::ssize(split.train), full_graph_config(job.config), part);
    case TrainerKind::mlp:
      return predict_memory(*job.dataset, split, mlp_config(job.config), part);
    case TrainerKind::admm:
      return predict_memory(*job.dataset, split, admm_trainer_config(job.config), part);
  }
  return {};
}

void fit_memory(Job& job, int a_host) {
  RunConfig& config = job.config;
  if (config.memory_limit.empty()) return;
  const int64_t limit = parse_bytes(config.memory_limit, "--memory-limit");
  const PartitionFacts facts = partition_facts(job);
  const bool chosen = config.activation_bits != 0 || trainer_kind(config) == TrainerKind::admm;
  MemoryPrediction memory;
  for (const int64_t bits : {32, 8, 4}) {
    if (!chosen) config.activation_bits = bits;
    memory = predict_memory(job, facts, a_host);
    if (memory.total() <= limit) return;
    if (chosen) break;
  }
  std::vector<MemoryPrediction::Item> items = memory.items;
  std::ranges::sort(items, std::ranges::greater(), &MemoryPrediction::Item::bytes);
  std::string most;
  for (const MemoryPrediction::Item& item : std::span(items).first(std::min<size_t>(items.size(), 3))) {
    most += fmt::format("{}{} {}", most.empty() ? "" : ", ", item.what, format_bytes(static_cast<double>(item.bytes)));
  }
  fail_input("--memory-limit {}: a process needs {}{} ({}); use more processes or a smaller --hidden",
             config.memory_limit, format_bytes(static_cast<double>(memory.total())),
             chosen ? "" : " even with activations kept at 4 bits", most);
}

}  // namespace tersegraph
