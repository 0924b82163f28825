#pragma once

#include "admm/admm_trainer.h"
#include "data/dataset.h"
#include "tersegraph/config.h"
#include "train/config.h"

namespace tersegraph {

// The words of a resolved configuration as the trainers' types. Errors: InputError for words that are none.
FullGraphConfig full_graph_config(const RunConfig& config);
MlpConfig mlp_config(const RunConfig& config);
AdmmTrainerConfig admm_trainer_config(const RunConfig& config);
/// Ranks that the training nodes of ADMM are cut over.
int64_t node_ranks(const RunConfig& config);
ExchangeConfig exchange_config(const RunConfig& config);

/// Of the operator by which the model's rows are summed.
Normalisation normalisation(const RunConfig& config);
AugmentConfig augment_config(const RunConfig& config);

/// The weight of each class in the loss by `--class-weights`: "none" (empty), "balanced" (training nodes / (classes *
/// training nodes of the class), scikit-learn's rule; 0 for a class without any), or numbers. Errors: InputError for
/// other words, for as many numbers as there are not classes, and for labels that are no classes.
std::vector<float> class_weights(const std::string& words, const Labels& labels, const Split& split);

}  // namespace tersegraph
