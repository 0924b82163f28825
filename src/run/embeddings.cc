#include "base/error.h"
#include "kernels/activation.h"
#include "run/options.h"
#include "run/prediction.h"

namespace tersegraph {
namespace {

/// The first layers of a model, whose last one is then without an activation.
struct Truncated {
  RunConfig config;
  TensorFile model;
};

Truncated first_layers(const RunConfig& config, const TensorFile& model, int64_t layers) {
  Truncated first{config, {model.metadata, {}}};
  first.config.layers = layers;
  first.config.stages.clear();
  first.config.iterations.clear();
  first.config.loss = "auto";
  first.model.metadata["outputs"] = fmt::format("{}", config.hidden);
  first.model.metadata["task"] = "multiclass";
  for (const auto& [name, tensor] : model.tensors) {
    const int64_t layer = std::atoll(name.c_str() + std::string_view("layers.").size());
    const bool norm_of_last = layer == layers - 1 && name.find(".norm.") != std::string::npos;
    if (layer < layers && !norm_of_last) first.model.tensors.emplace(name, tensor);
  }
  return first;
}

const float* values_of(const TensorFile& model, const std::string& name) {
  const auto found = model.tensors.find(name);
  return found == model.tensors.end() ? nullptr : found->second.values.data();
}

/// h that layer `layer` reads, from 1.
Matrix input_of(int64_t layer, const RunConfig& config, const TensorFile& model, const std::string& model_name,
                const std::shared_ptr<const Dataset>& dataset) {
  const Truncated first = first_layers(config, model, layer);
  Matrix h = outputs_of(first.config, first.model, model_name, dataset);
  const std::string norm = fmt::format("layers.{}.norm.", layer - 1);
  const ActivationParams params{nullptr, values_of(model, norm + "weight"), values_of(model, norm + "bias")};
  // Ids are for dropout, of which there is none.
  activation_forward(h, nullptr, params, {.layer_norm = params.gain != nullptr}, h);
  if (config.residual && layer > 1) add_block(input_of(layer - 1, config, model, model_name, dataset), h);
  return h;
}

}  // namespace

Matrix embeddings_of(const RunConfig& words, const TensorFile& model, const std::string& model_name,
                     const std::shared_ptr<const Dataset>& dataset) {
  RunConfig config = words;
  config.ranks = config.layer_ranks = config.node_ranks = 0;  // as for outputs_of
  config = resolve_in_memory(config);
  if (trainer_kind(config) == TrainerKind::admm) {
    fail_input("{} was trained by ADMM, whose hidden layers are not told", model_name);
  }
  if (config.layers < 2) fail_input("{} has one layer, and so no hidden one", model_name);
  return input_of(config.layers - 1, config, model, model_name, dataset);
}

}  // namespace tersegraph
