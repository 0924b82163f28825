#pragma once

#include <optional>

#include "admm/config.h"
#include "admm/layer_pipeline.h"
#include "admm/mlp.h"
#include "base/observer.h"
#include "comm/channel.h"

namespace tersegraph {

/// Rows that are only ever forwarded; read on rank 0 alone. x has the inputs of AdmmInput.
struct EvaluationRows {
  ConstMatrixView x;
  const int32_t* labels = nullptr;
};

struct AdmmData {
  AdmmInput train;
  EvaluationRows val, test;
};

/// One evaluated state of the network.
struct AdmmSnapshot {
  Mlp weights;
  int64_t iteration = 0;  ///< from 1, over all stages
  double train_accuracy = 0.0, val_accuracy = 0.0, test_accuracy = 0.0;
};

struct AdmmResult {
  AdmmSnapshot best;  ///< by validation accuracy at full depth; the first of equals
  AdmmSnapshot last;
  AdmmState state;  ///< after the last iteration
  int64_t iterations = 0;
  bool diverged = false;                  ///< the Lagrangian left all bounds; best and last are then of before
  bool converged = false;                 ///< stopped by the tolerance
  std::vector<double> iteration_seconds;  ///< training alone, this rank
  int64_t link_bytes = 0;                 ///< of p and q on all links in all iterations, whether or not they join ranks
};

/// Trains by ADMM. Collective; the snapshots are on rank 0. Observer: one epoch is one iteration.
AdmmResult train_admm(const AdmmConfig& config, const AdmmData& data, Channel& channel, Observer& observer);

}  // namespace tersegraph
