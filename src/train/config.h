#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "augment/augmented_features.h"
#include "exchange/policy.h"
#include "graph/graph.h"
#include "graph/reorder.h"
#include "nn/model_config.h"
#include "nn/optimizer.h"

namespace tersegraph {

enum class LossKind { automatic, cross_entropy, binary_cross_entropy, squared_error };

/// What every training by back-propagation depends on.
struct TrainingConfig {
  ModelConfig model;
  OptimizerConfig optimizer;
  double learning_rate = 0.01;
  bool decay_first_layer_only = false;  ///< weight decay on layer 0 alone (Kipf and Welling 2017)
  std::string schedule = "constant";
  LossKind loss = LossKind::automatic;  ///< automatic: by the task of the labels
  std::vector<float> class_weights;     ///< empty: all 1
  int epochs = 200;
  int eval_every = 1;          ///< epochs between evaluations; the last epoch is always evaluated; 0: only the last
  int patience = 0;            ///< stop after so many epochs without a better validation score; 0: never
  int reduce_bits = 32;        ///< a value of the gradients that ranks sum: 8, 16 (bf16) or 32
  bool gather_outputs = true;  ///< TrainResult has all outputs; otherwise, of more than two classes, the classes alone
  uint64_t seed = 0;
  Ordering ordering = Ordering::automatic;
};

struct FullGraphConfig : TrainingConfig {
  ExchangeConfig exchange;
  bool layer0_cache = true;  ///< aggregate constant features once, where that is cheaper

  Normalisation normalisation() const {
    return model.kind == ModelKind::gcn ? Normalisation::symmetric : Normalisation::mean;
  }
};

/// A multi-layer perceptron on augmented features (GA-MLP); with one layer on the last hop alone: SGC. `model.kind` and
/// `model.aggregate_first` mean nothing here.
struct MlpConfig : TrainingConfig {
  AugmentConfig augment;
  Normalisation normalisation = Normalisation::symmetric;  ///< of A~
  /// Growth: the layers of each stage, ascending, from 2 on, and its epochs. A stage begins with the function that the
  /// one before left and with a fresh optimizer; the schedule runs over all stages. They decide `model.layers` and
  /// `epochs`. Empty: one stage.
  std::vector<int> stages, stage_epochs;
};

}  // namespace tersegraph
