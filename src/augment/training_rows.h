#pragma once

#include <cstdint>
#include <vector>

#include "augment/ordered_aggregation.h"
#include "data/dataset.h"

namespace tersegraph {

struct HopConfig {
  int hops = 3;
  bool last_hop_only = false;
  bool scale_hops = true;
};

struct TrainingRows {
  Features rows;              ///< of X, scaled
  std::vector<float> scales;  ///< of the hops that X has
};

/// X's rows of the training nodes (local rows, in their order) from H's rows `h` of the owned nodes. Computes what they
/// depend on and no more, hop by hop. Collective.
TrainingRows compute_training_rows(const Features& h, const OrderedAggregation& aggregation,
                                   const std::vector<int64_t>& training, const HopConfig& config, Channel& channel);

}  // namespace tersegraph
