#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tersegraph/config.h"

namespace tersegraph {

/// A paper's settings under a name: words of the option table that are read before any others.
struct Preset {
  std::string name;
  std::string data;  ///< that the settings were made for
  std::string paper;
  std::vector<std::pair<std::string_view, std::string>> words;  ///< option, value
};

/// AdaQP's settings (arXiv 2306.01381) for its four datasets and two models; those of pdADMM-G and pdADMM-G-Q (arXiv
/// 2105.09837) for its nine datasets at 10 layers of 100 neurons, the size for which the paper states rho and nu.
std::span<const Preset> presets();

/// "--model gcn --layers 3 ...", as the command line takes it.
std::string preset_words(const Preset& preset);

/// Errors: InputError opened by `where`, with the nearest known name.
const Preset& find_preset(std::string_view name, std::string_view where);

/// Sets what the preset says, leaves the rest, and notes the name in config.preset. To be overridden by all that comes
/// later, it comes first.
void start_from_preset(RunConfig& config, std::string_view name, std::string_view where);

/// The configuration with `config.preset` in place of those members that have their default; its preset is then "".
/// Errors: InputError for an unknown name, and where config.data was left at the built-in graph, for which no preset
/// is.
RunConfig without_preset(RunConfig config);

/// The error of the latter.
[[noreturn]] void fail_preset_data(const Preset& preset);

}  // namespace tersegraph
