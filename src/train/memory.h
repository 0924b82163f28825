#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "train/config.h"

namespace tersegraph {

/// Predicted bytes of a run in one process that holds `ranks_here` of the `ranks` ranks, by what they are for.
struct MemoryPrediction {
  struct Item {
    std::string what;
    int64_t bytes;
  };
  std::vector<Item> items;
  int64_t total() const;
};

/// What one process holds of a job.
struct ProcessPart {
  int ranks = 1, ranks_here = 1;
  int64_t halo_rows = 0, cut_edges = 0;  ///< sums over its ranks; edges from nodes of others
  bool sharded = false;                  ///< each rank reads its share of the dataset, which nobody holds whole
  int mates = 1;                         ///< processes on its host, itself included, that share rows of other hosts

  double share() const { return static_cast<double>(ranks_here) / ranks; }
};

/// Predicts the peak before anything is allocated. `training`: nodes of the split. Its last item is what aggregating
/// the input takes beyond what an epoch needs in its place.
MemoryPrediction predict_memory(const DatasetShape& dataset, int64_t training, const FullGraphConfig& config,
                                const ProcessPart& part);

/// The same for a perceptron on augmented features. Its last item is what computing the training rows of X takes beyond
/// what an epoch needs in its place.
MemoryPrediction predict_memory(const Dataset& dataset, const Split& split, const MlpConfig& config,
                                const ProcessPart& part);

}  // namespace tersegraph
