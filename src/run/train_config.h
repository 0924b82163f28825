#pragma once

#include "data/dataset.h"
#include "tersegraph/config.h"
#include "train/config.h"

namespace tersegraph {

/// The words of a configuration as the trainer's types. Errors: InputError for words that are none.
FullGraphConfig train_config(const RunConfig& config);

/// The weight of each class in the loss by `--class-weights`: "none" (empty), "balanced" (training nodes / (classes *
/// training nodes of the class), scikit-learn's rule; 0 for a class without any), or numbers. Errors: InputError for
/// other words, for as many numbers as there are not classes, and for labels that are no classes.
std::vector<float> class_weights(const std::string& words, const Labels& labels, const Split& split);

}  // namespace tersegraph
