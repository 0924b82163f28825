#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/matrix.h"
#include "base/observer.h"
#include "nn/parameters.h"

namespace tersegraph {

/// Why a training loop ended.
enum class Ending { finished, patience, converged, stopped, diverged };

/// What training leaves, the same on every rank except `outputs` and `classes`.
struct TrainResult {
  Ending ending = Ending::finished;
  EpochMetrics best;  ///< the evaluated epoch with the best validation score (without validation nodes: the last)
  EpochMetrics last;
  std::vector<double> epoch_seconds;                      ///< of training alone, slowest rank
  std::map<std::string, int64_t> bytes;                   ///< over the whole run, by kind, sum over ranks
  std::vector<std::vector<int64_t>> bytes_between_ranks;  ///< [sender][receiver]
  double mean_bits = 32.0;
  std::map<std::string, double> facts;  ///< further numbers of the kind of trainer, for the summary
  int64_t peak_rss_bytes = 0;           ///< largest rank (one process: all its ranks together)
  Matrix outputs;                       ///< rank 0: (n, outputs) of the best weights, in the dataset's node order
  std::vector<int32_t> classes;         ///< instead, where outputs are not gathered
};

/// One rank of a training run. Making one is collective; so is every call.
class Trainer {
 public:
  virtual ~Trainer() = default;

  /// Trains and leaves the best weights in parameters(). `observer` is used on rank 0 alone.
  virtual TrainResult train(Observer& observer) = 0;

  /// Outputs of the current weights for all nodes (rank 0: (n, outputs) in the dataset's order; others: empty).
  virtual Matrix outputs() = 0;

  virtual Parameters& parameters() = 0;

  /// The links that it was told of or has measured, as --link takes them; "" where it needs none.
  virtual std::string link_words() const { return {}; }
};

}  // namespace tersegraph
