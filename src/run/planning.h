#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "graph/partition.h"
#include "plan/epoch_work.h"
#include "plan/layer_plan.h"
#include "plan/rates.h"
#include "plan/seconds.h"
#include "plan/traffic.h"
#include "run/job.h"
#include "train/memory.h"

namespace tersegraph {

/// What a run would do on its ranks, known before it runs.
struct PlannedWork {
  RunConfig config;  ///< resolved, for ranks on `hosts` hosts
  int hosts = 1;
  bool estimate = false;  ///< of a dataset of which only numbers are known
  DatasetShape shape;
  PartitionFacts facts;
  MemoryPrediction memory;           ///< of the process that holds the most: a rank, or on one host all
  std::vector<RankWork> ranks;       ///< of full-graph training
  std::optional<LayerSizes> layers;  ///< of ADMM
};

/// `words` is not resolved; `hosts` 0: one a rank. Datasets are loaded and cut as a run does it, unless `dataset` has
/// been loaded already; nothing is trained. Errors: InputError.
PlannedWork plan_work(RunConfig words, int hosts, const std::shared_ptr<const Dataset>& dataset = nullptr);

/// Where it would run.
struct PlanPlace {
  std::string link = "10gbit";  ///< between hosts, as parse_links takes it
  bool one_machine = false;     ///< the hosts are emulated
};

struct RunPlan {
  RowBits bits;
  TrafficPlan traffic;
  TrafficBytes run{};                   ///< of the whole run, without setup; of ADMM p, q and all_reduce alone
  std::optional<EpochSeconds> seconds;  ///< where rates are known
};

/// Errors: InputError for words that are no link.
RunPlan plan_run(const PlannedWork& work, const PlanPlace& place, const Rates* rates);

}  // namespace tersegraph
