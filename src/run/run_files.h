#pragma once

#include <string>

#include "data/describe.h"
#include "nn/parameters.h"
#include "run/job.h"
#include "run/results.h"
#include "run/run_directory.h"
#include "run/safetensors.h"

namespace tersegraph {

/// The trained tensors, and as metadata what a program needs to use them: the model's options and the shapes around it.
TensorFile model_file(const RunConfig& config, const DatasetShape& dataset, const Parameters& parameters);

/// Copies a model file's tensors into `parameters`. `name` stands in messages.
/// Errors: InputError when names or shapes differ.
void load_tensors(const TensorFile& file, const std::string& name, Parameters& parameters);

/// Predictions for numpy, from a model's outputs (n, outputs): class ids (n) int32; for several labels, probabilities
/// (n, outputs) float32; for regression the outputs themselves.
void write_predictions(const std::string& path, Task task, ConstMatrixView outputs);

/// What a finished run leaves: model.safetensors, predictions.npy and, once they are there, summary.json and
/// report.html, to which `dataset` and `facts` go (see report_page()). Errors: RunError.
void write_results(const RunDirectory& directory, const Dataset& dataset, const DatasetFacts* facts,
                   const RunConfig& config, const RunRecord& record, const TensorFile& model);

/// What a process that was killed after it had written summary.json leaves undone: removes its temporary files, and
/// writes the report. `config`: of the run that has ended.
void complete_results(const RunConfig& config);

}  // namespace tersegraph
