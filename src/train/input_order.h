#pragma once

#include <cstdint>

#include "data/dataset.h"
#include "nn/graph_conv.h"
#include "train/config.h"

namespace tersegraph {

/// What the choice for layer 0 depends on: facts of the whole graph, so that every rank chooses alike.
struct InputFacts {
  int64_t nodes = 0;
  int64_t operator_entries = 0;  ///< of the aggregation operator
  int64_t features = 0;
  int64_t feature_entries = 0;  ///< stored ones: nodes * features when dense
  bool sparse = false;
  int64_t width = 0;      ///< of layer 0's output
  int64_t halo_rows = 0;  ///< sum over ranks
  int ranks = 1;
  int bits = 32;
};

InputFacts input_facts(const DatasetShape& dataset, int64_t operator_entries, const FullGraphConfig& config,
                       int64_t halo_rows, int ranks);

/// How layer 0 meets its input. Constant features (no input dropout) are aggregated once where that is predicted to be
/// cheaper, in seconds an epoch on two cores and a 10 Gbit/s link, and where A X takes no more than eight times the
/// memory of a hidden layer. Otherwise, as in other layers, the narrower side is aggregated.
ConvOrder choose_input_order(const InputFacts& facts, const FullGraphConfig& config);

}  // namespace tersegraph
