#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "run/config.h"
#include "run/safetensors.h"

namespace tersegraph::python {

/// A trained model and the options that it was trained with.
struct Model {
  RunConfig config;
  TensorFile file;
  std::string name;  ///< in messages
};

/// Options by name, as words of the command line.
using OptionWords = std::vector<std::pair<std::string, std::string>>;

/// Errors: InputError for unknown names and bad words.
RunConfig config_of(const OptionWords& words);

}  // namespace tersegraph::python
