#pragma once

#include <memory>
#include <vector>

#include "base/observer.h"
#include "comm/channel.h"
#include "data/dataset.h"
#include "graph/partition.h"
#include "nn/parameters.h"
#include "train/config.h"

namespace tersegraph {

/// Why a training loop ended.
enum class Ending { finished, patience, stopped, diverged };

/// What training leaves, the same on every rank except `outputs`.
struct TrainResult {
  Ending ending = Ending::finished;
  EpochMetrics best;  ///< the evaluated epoch with the best validation score (without validation nodes: the last)
  EpochMetrics last;
  std::vector<double> epoch_seconds;                      ///< of training alone, slowest rank
  std::map<std::string, int64_t> bytes;                   ///< over the whole run, by kind, sum over ranks
  std::vector<std::vector<int64_t>> bytes_between_ranks;  ///< [sender][receiver]
  double mean_bits = 32.0;
  int64_t peak_rss_bytes = 0;  ///< largest rank (one process: all its ranks together)
  Matrix outputs;              ///< rank 0: (n, outputs) of the best weights, in the dataset's node order
};

/// One rank of full-graph training: its shard, its share of the features, the replicated weights.
class FullGraphTrainer {
 public:
  /// Collective over the channel's ranks; every rank passes the same arguments. `aggregation` is the operator of
  /// config.normalisation() on the dataset's graph, needed only here; the dataset, the split and the channel must
  /// outlive the trainer. Thread ranks share them. Errors: InputError when dataset, split and configuration contradict
  /// each other.
  FullGraphTrainer(const Dataset& dataset, const Csr& aggregation, const Split& split, const Partition& partition,
                   const FullGraphConfig& config, Channel& channel);
  ~FullGraphTrainer();

  /// Trains and leaves the best weights in parameters(). `observer` is used on rank 0 alone.
  TrainResult train(Observer& observer);

  /// Outputs of the current weights for all nodes (rank 0: (n, outputs) in the dataset's order; others: empty).
  /// Collective.
  Matrix outputs();

  Parameters& parameters();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tersegraph
