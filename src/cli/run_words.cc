#include "cli/run_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "run/config.h"
#include "run/presets.h"

namespace tersegraph {
namespace {

// What the help says the option takes.
std::string taken_word(const Option& option) {
  if (option.name == "data") return "DATA";
  if (option.name == "out") return "DIR";
  if (option.name == "preset") return "NAME";
  if (!option.choices.empty()) return fmt::format("{}", fmt::join(option.choices, "|"));
  if (std::holds_alternative<int64_t RunConfig::*>(option.field)) return "N";
  if (std::holds_alternative<double RunConfig::*>(option.field)) return "X";
  return "WORDS";
}

// `--name` or `--no-name`, of which the help shows the one that changes something.
Argument flag_argument(const Option& option, bool value, bool by_default, RunWords& words) {
  const std::function<void()> take = [&words, &option, value] {
    words.given.emplace_back(&option, value ? "true" : "false");
  };
  return {.name = fmt::format("--{}{}", value ? "" : "no-", option.name),
          .help = fmt::format("{}{}", value ? "" : "do not ", option.help),
          .target = take,
          .group = std::string(option.group),
          .hidden = by_default};
}

Offers offers_of(const Option& option) {
  if (option.name == "data" || option.name == "grid") return Offers::files;
  return option.name == "out" ? Offers::folders : Offers::nothing;
}

Argument value_argument(const Option& option, RunWords& words) {
  const std::function<void(const std::string&)> take = [&words, &option](const std::string& word) {
    words.given.emplace_back(&option, word);
  };
  return {.name = fmt::format("--{}", option.name),
          .help = std::string(option.help),
          .target = take,
          .takes = taken_word(option),
          .by_default = option.automatic.empty() ? option_word({}, option) : std::string(option.automatic),
          .group = std::string(option.group),
          .choices = option.name == "preset" ? preset_names()
                                             : std::vector<std::string>(option.choices.begin(), option.choices.end()),
          .offers = offers_of(option)};
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  return names;
}

std::vector<Argument> run_arguments(RunWords& words, std::span<const std::string_view> without) {
  std::vector<Argument> arguments = {{.name = "--config",
                                      .help = "read options from this file first; flags override it",
                                      .target = &words.config_file,
                                      .takes = "FILE.toml",
                                      .offers = Offers::files}};
  const RunConfig defaults;
  for (const Option& option : options()) {
    if (std::ranges::find(without, option.name) != without.end()) continue;
    if (const auto* flag = std::get_if<bool RunConfig::*>(&option.field)) {
      for (const bool value : {true, false}) {
        arguments.push_back(flag_argument(option, value, value == defaults.**flag, words));
      }
    } else {
      arguments.push_back(value_argument(option, words));
    }
  }
  return arguments;
}

RunConfig configure(const RunWords& words) {
  RunConfig config;
  std::string flag;
  for (const auto& [option, word] : words.given) {
    if (option->name == "preset") flag = word;
  }
  if (!flag.empty()) start_from_preset(config, flag, "--preset");
  if (!words.config_file.empty()) read_config(words.config_file, config);
  const std::string preset = config.preset;
  for (const auto& [option, word] : words.given) set_option(config, *option, word, fmt::format("--{}", option->name));
  if (!preset.empty() && config.data == RunConfig{}.data) fail_preset_data(find_preset(preset, "--preset"));
  config.preset.clear();
  return config;
}

}  // namespace tersegraph
