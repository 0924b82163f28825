#include "run/run_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "data/npy.h"
#include "nn/metrics.h"
#include "run/options.h"
#include "run/report.h"

namespace tersegraph {
namespace {

std::vector<float> probabilities(ConstMatrixView outputs) {
  std::vector<float> values(outputs.data, outputs.data + outputs.size());
  for (float& value : values) value = 1.0f / (1.0f + std::exp(-value));
  return values;
}

}  // namespace

TensorFile model_file(const RunConfig& config, const DatasetShape& dataset, const Parameters& parameters) {
  TensorFile file;
  for (const Option& option : options()) {
    if (option.group == "Model") file.metadata[std::string(option.name)] = option_word(config, option);
  }
  file.metadata["normalize-features"] = config.normalize_features ? "true" : "false";
  file.metadata["task"] = task_name(dataset.task);
  file.metadata["features"] = fmt::format("{}", dataset.features);
  file.metadata["outputs"] = fmt::format("{}", dataset.outputs);
  for (int i = 0; i < parameters.count(); ++i) {
    const MatrixView value = parameters.value(i);
    file.tensors[parameters.name(i)] = {{value.rows, value.cols}, {value.data, value.data + value.size()}};
  }
  return file;
}

void load_tensors(const TensorFile& file, const std::string& name, Parameters& parameters) {
  for (int i = 0; i < parameters.count(); ++i) {
    const MatrixView value = parameters.value(i);
    const auto found = file.tensors.find(parameters.name(i));
    if (found == file.tensors.end())
      fail_input("{} has no tensor '{}'; it is of another model", name, parameters.name(i));
    if (found->second.shape != std::vector<int64_t>{value.rows, value.cols}) {
      fail_input("{}: tensor '{}' has shape ({}), but the model's is ({}, {})", name, parameters.name(i),
                 fmt::join(found->second.shape, ", "), value.rows, value.cols);
    }
    std::ranges::copy(found->second.values, value.data);
  }
  if (std::ssize(file.tensors) != parameters.count()) fail_input("{} has tensors that the model has not", name);
}

void write_classes(const std::string& path, std::span<const int32_t> classes) {
  const int64_t shape[] = {std::ssize(classes)};
  write_npy<int32_t>(path, classes, shape);
}

void write_predictions(const std::string& path, Task task, ConstMatrixView outputs) {
  const int64_t shape[] = {outputs.rows, outputs.cols};
  if (task == Task::multiclass) {
    write_classes(path, predicted_classes(outputs));
  } else if (task == Task::multilabel) {
    write_npy<float>(path, probabilities(outputs), shape);
  } else {
    write_npy<float>(path, std::span(outputs.data, outputs.size()), shape);
  }
}

void write_results(const RunDirectory& directory, const Dataset& dataset, const DatasetFacts* facts,
                   const RunConfig& config, const RunRecord& record, const TensorFile& model) {
  directory.write("model.safetensors", to_safetensors(model));
  const std::string predictions = (directory.path() / "predictions.npy").string();
  const TrainResult& result = record.result;
  try {
    if (result.classes.empty()) {
      write_predictions(predictions, dataset.labels.task, result.outputs);
    } else {
      write_classes(predictions, result.classes);
    }
  } catch (const InputError& error) {
    fail_run("{}", error.what());
  }
  directory.write("summary.json", summarise(config, record).dump(2) + "\n");
  directory.write("report.html", report_page({directory.path().string()}, &dataset, facts));
}

void complete_results(const RunConfig& config) {
  remove_temporaries(config.out);
  const std::string report = config.out + "/report.html";
  if (config.runs == 1 && !std::filesystem::exists(report)) {
    write_file_atomically(report, std::string_view(report_page({config.out})));
  }
}

}  // namespace tersegraph
