#pragma once

#include <memory>
#include <string>

#include "base/observer.h"
#include "data/dataset.h"
#include "run/config.h"
#include "run/safetensors.h"

namespace tersegraph {

/// What a trained model says of a dataset.
struct Prediction {
  std::string data;  ///< what it was asked about
  Task task = Task::multiclass;
  Matrix outputs;       ///< (n, outputs), before softmax or sigmoid, in the dataset's node order
  EpochMetrics scores;  ///< on the parts of the split that have labelled nodes; its epoch means nothing
};

/// The outputs (n, outputs) of a trained model, in this process. `config` is that of its training; `model_name` and
/// config.data stand in messages. Labels of the dataset are not read. Errors: InputError when the data does not fit the
/// model.
Matrix outputs_of(const RunConfig& config, const TensorFile& model, const std::string& model_name,
                  const std::shared_ptr<const Dataset>& dataset);

/// The same of h (n, hidden) that the last layer reads, without dropout. Errors: InputError for a model without hidden
/// layers or trained by ADMM.
Matrix embeddings_of(const RunConfig& config, const TensorFile& model, const std::string& model_name,
                     const std::shared_ptr<const Dataset>& dataset);

/// Loads the model of a run directory and computes its outputs for `data` ("": what it was trained on), exactly, in
/// this process. Errors: InputError when the folder holds no run, or the data does not fit the model.
Prediction predict(const std::string& run_directory, const std::string& data);

}  // namespace tersegraph
