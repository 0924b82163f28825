#include "run/prediction.h"

#include <filesystem>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "comm/launch.h"
#include "data/features.h"
#include "data/share.h"
#include "data/split.h"
#include "run/config.h"
#include "run/options.h"
#include "run/run_files.h"
#include "run/train_config.h"
#include "run/trainers.h"
#include "train/evaluation.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

int64_t metadata_count(const TensorFile& model, const std::string& key, const std::string& path) {
  const auto found = model.metadata.find(key);
  if (found == model.metadata.end()) fail_input("{} does not say how many {} its model has", path, key);
  return std::atoll(found->second.c_str());
}

Task task_of(const TensorFile& model, const Labels& labels) {
  const auto word = model.metadata.find("task");
  for (const Task task : {Task::multiclass, Task::multilabel, Task::regression}) {
    if (word != model.metadata.end() && word->second == task_name(task)) return task;
  }
  return labels.task;
}

Labels no_labels(Task task, int64_t nodes, int64_t outputs) {
  Labels labels;
  labels.task = task;
  labels.outputs = outputs;
  if (task == Task::multiclass) {
    labels.classes.assign(nodes, -1);
  } else {
    labels.targets.reshape(nodes, outputs);
    labels.targets.fill(std::numeric_limits<float>::quiet_NaN());
  }
  return labels;
}

// The dataset as the model needs it: labels may be missing, features may not.
void fit_to_model(Dataset& dataset, const RunConfig& config, const TensorFile& model, const std::string& model_path) {
  const int64_t features = metadata_count(model, "features", model_path);
  const int64_t outputs = metadata_count(model, "outputs", model_path);
  if (dataset.features.cols() != features) {
    fail_input("{} has {} features a node, but {} was trained on {}", config.data, dataset.features.cols(), model_path,
               features);
  }
  Labels& labels = dataset.labels;
  if (labels.outputs == 0) {
    labels = no_labels(task_of(model, labels), dataset.nodes(), outputs);
    dataset.splits.clear();
  }
  if (labels.outputs != outputs || task_of(model, labels) != labels.task) {
    fail_input("{} has {} {} outputs, but {} was trained for {}", config.data, labels.outputs, task_name(labels.task),
               model_path, outputs);
  }
  if (config.normalize_features) normalize_rows(dataset.features);
}

/// The configuration of one rank that computes outputs and trains nothing.
RunConfig config_to_predict(RunConfig config) {
  config.ranks = 0;  // not those that trained, nor fewer than a launcher started: each process predicts by itself
  config.layer_ranks = config.node_ranks = 0;
  config.threads = 0;
  config = resolve_in_memory(config);
  config.ranks = 1;
  // The weights in the file meet hops as they are.
  config.hop_scale = config.hop_scale && trainer_kind(config) == TrainerKind::full_graph;
  config.class_weights = "none";
  return config;
}

/// Hands a trainer with the model's weights, and its channel, to `use`.
template <class Use>
void with_model(const RunConfig& config, const TensorFile& model, const std::string& model_name, Dataset dataset,
                const Use& use) {
  Job job;
  job.config = config;
  job.dataset = std::make_shared<Dataset>(std::move(dataset));
  job.shape = shape_of(*job.dataset);
  job.splits.emplace_back();
  job.aggregation = aggregation_operator(job.dataset->graph, normalisation(config));
  job.partition = {1, std::vector<int32_t>(static_cast<size_t>(job.dataset->nodes()), 0)};
  run_thread_ranks(1, static_cast<int>(config.threads), [&](Communicator& communicator) {
    Channel channel(communicator);
    const std::unique_ptr<Trainer> trainer = make_trainer(job, 0, true, channel);
    load_tensors(model, model_name, trainer->parameters());
    use(*trainer, *job.dataset, channel);
  });
}

EpochMetrics score(const Dataset& dataset, const Split& split, ConstMatrixView outputs, Channel& channel) {
  LocalTargets targets;
  targets.task = dataset.labels.task;
  targets.outputs = dataset.labels.outputs;
  targets.classes = dataset.labels.classes;
  targets.targets.reshape(dataset.labels.targets.rows(), dataset.labels.targets.cols());
  std::copy_n(dataset.labels.targets.data(), dataset.labels.targets.size(), targets.targets.data());
  targets.train = split.train;
  targets.val = split.val;
  targets.test = split.test;
  EpochMetrics metrics;
  evaluate(outputs, targets, channel, metrics);
  evaluate_roc_auc(outputs, dataset.labels, split, metrics);
  return metrics;
}

/// Of the data that the model was trained on, the split of its training; of other data its own first one, if any.
Split known_split(const RunConfig& config, const Dataset& dataset, bool other_data) {
  if (other_data) return dataset.splits.empty() ? Split() : dataset.splits.front();
  return choose_split(dataset, config.split, static_cast<int>(config.split_index), static_cast<uint64_t>(config.seed));
}

}  // namespace

Matrix outputs_of(const RunConfig& words, const TensorFile& model, const std::string& model_name,
                  const std::shared_ptr<const Dataset>& dataset) {
  const RunConfig config = config_to_predict(words);
  Dataset unlabelled = share(dataset);
  unlabelled.labels = Labels();
  fit_to_model(unlabelled, config, model, model_name);
  Matrix outputs;
  with_model(config, model, model_name, std::move(unlabelled),
             [&](Trainer& trainer, const Dataset&, Channel&) { outputs = trainer.outputs(); });
  return outputs;
}

Prediction predict(const std::string& run_directory, const std::string& data) {
  const fs::path folder(run_directory);
  if (!fs::exists(folder / "config.toml")) {
    fail_input("{} holds no run (no config.toml); give the folder that tersegraph train wrote", run_directory);
  }
  RunConfig config;
  read_config((folder / "config.toml").string(), config);
  const std::string model_path = (folder / "model.safetensors").string();
  const TensorFile model = parse_safetensors(read_file(model_path), model_path);
  const bool other_data = !data.empty() && data != config.data;
  if (other_data) config.data = data;
  config = config_to_predict(config);
  Dataset loaded = load_dataset(config.data);
  fit_to_model(loaded, config, model, model_path);
  const Split split = known_split(config, loaded, other_data);

  Prediction prediction{config.data, loaded.labels.task, {}, {}};
  with_model(config, model, model_path, std::move(loaded),
             [&](Trainer& trainer, const Dataset& dataset, Channel& channel) {
               prediction.outputs = trainer.outputs();
               prediction.scores = score(dataset, split, prediction.outputs, channel);
             });
  return prediction;
}

}  // namespace tersegraph
