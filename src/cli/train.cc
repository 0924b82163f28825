#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "comm/launch.h"
#include "run/config.h"
#include "run/options.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

/// The words of the command line, kept until the configuration file has been read, since they override it.
struct TrainWords {
  std::string config_file;
  std::vector<std::pair<const Option*, std::string>> given;
};

std::string value_name(const Option& option) {
  if (!option.choices.empty()) return std::string();
  if (std::holds_alternative<int64_t RunConfig::*>(option.field)) return "N";
  if (std::holds_alternative<double RunConfig::*>(option.field)) return "X";
  return "WORDS";
}

std::string choices_of(const Option& option) {
  std::string words;
  for (std::string_view choice : option.choices) words += (words.empty() ? "" : "|") + std::string(choice);
  return words;
}

void add_flag(CLI::App& command, const Option& option, bool by_default, TrainWords& words) {
  const std::string name(option.name);
  // The form that changes something comes first in the help.
  const std::string names = by_default ? fmt::format("!--no-{0},--{0}", name) : fmt::format("--{0},!--no-{0}", name);
  const std::string help = by_default ? fmt::format("do not {}", option.help) : std::string(option.help);
  command
      .add_flag_function(
          names, [&words, &option](int64_t count) { words.given.emplace_back(&option, count > 0 ? "true" : "false"); },
          help)
      ->group(std::string(option.group));
}

void add_value(CLI::App& command, const Option& option, TrainWords& words) {
  const std::string shown = option.automatic.empty() ? option_word(RunConfig{}, option) : std::string(option.automatic);
  const std::string kind = option.choices.empty() ? value_name(option) : choices_of(option);
  command
      .add_option_function<std::string>(
          fmt::format("--{}", option.name),
          [&words, &option](const std::string& word) { words.given.emplace_back(&option, word); },
          std::string(option.help))
      ->type_name(kind)
      ->default_str(shown)
      ->group(std::string(option.group));
}

RunConfig configure(const TrainWords& words) {
  RunConfig config;
  if (!words.config_file.empty()) read_config(words.config_file, config);
  for (const auto& [option, word] : words.given) set_option(config, *option, word, fmt::format("--{}", option->name));
  return config;
}

int train(const TrainWords& words, char** argv) {
  const RunConfig config = resolve(configure(words));
  const bool processes = launched_ranks() > 1;
  settle_wait_policy(processes ? launched_ranks_here() : static_cast<int>(config.ranks),
                     static_cast<int>(config.threads), argv);
  const RunOutcome outcome = run_training(config);
  if (outcome.signal != 0) return 128 + outcome.signal;
  for (const RunResult& run : outcome.runs) {
    if (run.ending == "diverged") {
      fail_run("diverged: the loss of epoch {} is not finite; lower --lr, or see {}/metrics.jsonl", run.epochs,
               outcome.directory);
    }
  }
  return 0;
}

}  // namespace

void add_train(CLI::App& app, Command& chosen, char** argv) {
  CLI::App* command = app.add_subcommand("train", "train a model on a graph");
  static TrainWords words;
  command->add_option("--config", words.config_file, "read options from this file first; flags override it")
      ->type_name("FILE.toml");
  const RunConfig defaults;
  for (const Option& option : options()) {
    if (const auto* flag = std::get_if<bool RunConfig::*>(&option.field)) {
      add_flag(*command, option, defaults.**flag, words);
    } else {
      add_value(*command, option, words);
    }
  }
  command->footer(
      "Examples:\n"
      "  tersegraph train                                      the built-in graph, one rank\n"
      "  tersegraph train --data cora.npz --layers 2 --hidden 16 --normalize-features --runs 10\n"
      "  tersegraph train --data DATA --ranks 4 --exchange uniform --bits 4\n"
      "  mpirun -n 4 --hostfile HOSTS tersegraph train --data DATA --exchange uniform --bits 4\n"
      "  tersegraph train --config runs/FOLDER/config.toml     repeats a run");
  command->callback([&chosen, argv] { chosen = [argv] { return train(words, argv); }; });
}

}  // namespace tersegraph
