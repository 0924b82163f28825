#include "run/trainers.h"

#include "admm/admm_trainer.h"
#include "admm/memory.h"
#include "run/options.h"
#include "run/train_config.h"
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
Config with_class_weights(Config training, const Job& job, int64_t run) {
  training.class_weights = class_weights(job.config.class_weights, job.dataset.labels, job.splits[run]);
  return training;
}

}  // namespace

void check_words(const RunConfig& config) {
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

std::unique_ptr<Trainer> make_trainer(const Job& job, int64_t run, Channel& channel) {
  const RunConfig config = config_of_run(job, run);
  const Split& split = job.splits[run];
  switch (trainer_kind(config)) {
    case TrainerKind::full_graph:
      return std::make_unique<FullGraphTrainer>(job.dataset, job.aggregation, split, job.partition,
                                                with_class_weights(full_graph_config(config), job, run), channel);
    case TrainerKind::mlp:
      return std::make_unique<MlpTrainer>(job.dataset, job.aggregation, split, job.partition,
                                          with_class_weights(mlp_config(config), job, run), channel);
    case TrainerKind::admm:
      return std::make_unique<AdmmTrainer>(job.dataset, job.aggregation, split, job.partition,
                                           admm_trainer_config(config), channel);
  }
  return nullptr;
}

MemoryPrediction predict_memory(const Job& job, int ranks_here, int64_t halo_rows) {
  const auto ranks = static_cast<int>(job.config.ranks);
  switch (trainer_kind(job.config)) {
    case TrainerKind::full_graph:
      return predict_memory(job.dataset, full_graph_config(job.config), ranks, ranks_here, halo_rows);
    case TrainerKind::mlp:
      return predict_memory(job.dataset, job.splits.front(), mlp_config(job.config), ranks, ranks_here, halo_rows);
    case TrainerKind::admm:
      return predict_memory(job.dataset, job.splits.front(), admm_trainer_config(job.config), ranks, ranks_here,
                            halo_rows);
  }
  return {};
}

}  // namespace tersegraph
