#pragma once

#include <string>

#include "base/observer.h"
#include "data/dataset.h"

namespace tersegraph {

/// What a trained model says of a dataset.
struct Prediction {
  std::string data;  ///< what it was asked about
  Task task = Task::multiclass;
  Matrix outputs;       ///< (n, outputs), before softmax or sigmoid, in the dataset's node order
  EpochMetrics scores;  ///< on the parts of the split that have labelled nodes; its epoch means nothing
};

/// Loads the model of a run directory and computes its outputs for `data` ("": what it was trained on), exactly, in
/// this process. Errors: InputError when the folder holds no run, or the data does not fit the model.
Prediction predict(const std::string& run_directory, const std::string& data);

}  // namespace tersegraph
