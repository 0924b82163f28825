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

/// Predicts the peak before anything is allocated. `halo_rows` is the sum over this process' ranks (0 for one rank).
/// `sharded`: each rank reads its share of the dataset, which nobody holds whole.
MemoryPrediction predict_memory(const DatasetShape& dataset, const FullGraphConfig& config, int ranks, int ranks_here,
                                int64_t halo_rows, bool sharded = false);

/// The same for a perceptron on augmented features. Its last item is what computing the training rows of X takes beyond
/// what an epoch needs in its place.
MemoryPrediction predict_memory(const Dataset& dataset, const Split& split, const MlpConfig& config, int ranks,
                                int ranks_here, int64_t halo_rows);

}  // namespace tersegraph
