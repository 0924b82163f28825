#include "models.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <filesystem>
#include <memory>

#include "apart.h"
#include "arrays.h"
#include "base/error.h"
#include "base/file.h"
#include "hints.h"
#include "run/options.h"
#include "run/prediction.h"
#include "run/presets.h"

namespace nb = nanobind;

namespace tersegraph::python {
namespace {

using TensorArray = nb::ndarray<nb::numpy, const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

Model make_model(const OptionWords& words, const std::map<std::string, std::string>& metadata,
                 const std::map<std::string, TensorArray>& tensors) {
  Model model{config_of(words), {metadata, {}}, "the model"};
  for (const auto& [name, array] : tensors) {
    Tensor& tensor = model.file.tensors[name];
    tensor.shape = {static_cast<int64_t>(array.shape(0)), static_cast<int64_t>(array.shape(1))};
    tensor.values.assign(array.data(), array.data() + array.size());
  }
  return model;
}

Model load_model(const std::string& directory) {
  Model model;
  const std::filesystem::path folder(directory);
  read_config((folder / "config.toml").string(), model.config);
  model.name = (folder / "model.safetensors").string();
  model.file = parse_safetensors(read_file(model.name), model.name);
  return model;
}

OptionWords words_of(const Model& model) {
  OptionWords words;
  for (const Option& option : options()) {
    if (!is_automatic(model.config, option)) words.emplace_back(option.name, option_word(model.config, option));
  }
  return words;
}

nb::dict tensors_of(nb::handle self) {
  nb::dict arrays;
  for (const auto& [name, tensor] : nb::cast<const Model&>(self).file.tensors) {
    arrays[name.c_str()] = array_of(ConstMatrixView{tensor.values.data(), tensor.shape[0], tensor.shape[1]}, self);
  }
  return arrays;
}

using Compute = Matrix (*)(const RunConfig&, const TensorFile&, const std::string&,
                           const std::shared_ptr<const Dataset>&);

template <Compute kCompute>
nb::object computed(const Model& model, const SharedDataset& dataset) {
  Matrix result;
  RunConfig config = model.config;
  config.data = dataset.source;
  Apart().run([&] { result = kCompute(config, model.file, model.name, dataset.data); });
  return to_array(std::move(result));
}

}  // namespace

RunConfig config_of(const OptionWords& words) {
  RunConfig config;
  for (const auto& [name, word] : words) {
    if (name == "preset" && !word.empty()) start_from_preset(config, word, name);
  }
  for (const auto& [name, word] : words) set_option(config, find_option(name, name), word, name);
  config.preset.clear();
  return config;
}

void bind_models(nb::module_& module) {
  module.def("make_model", &make_model);
  module.def("load_model", &load_model);
  nb::class_<Model>(module, "Model")
      .def_prop_ro("words", &words_of)
      .def_prop_ro("metadata", [](const Model& model) { return model.file.metadata; })
      .def_prop_ro("tensors", &tensors_of, TERSEGRAPH_PROPERTY("tensors", "dict[str, " TERSEGRAPH_FLOATS "]"))
      .def("outputs", &computed<outputs_of>, nb::sig("def outputs(self, dataset: Dataset, /) -> " TERSEGRAPH_FLOATS))
      .def("embeddings", &computed<embeddings_of>,
           nb::sig("def embeddings(self, dataset: Dataset, /) -> " TERSEGRAPH_FLOATS));
}

}  // namespace tersegraph::python
