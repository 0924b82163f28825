#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "comm/collectives.h"
#include "comm/launch.h"
#include "run/config.h"
#include "run/options.h"
#include "run/presets.h"
#include "run/resume.h"
#include "run/training.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

/// The words of the command line, kept until the configuration file has been read, since they override it.
struct TrainWords {
  std::string config_file, resume;
  std::vector<std::pair<const Option*, std::string>> given;
};

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
Argument flag_argument(const Option& option, bool value, bool by_default, TrainWords& words) {
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

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  return names;
}

/// A row for each dataset of each paper.
HelpTopic preset_topic() {
  HelpTopic topic{.name = "Presets", .brief = fmt::format("{}", fmt::join(preset_names(), ", ")), .full = "Presets\n"};
  std::vector<std::string> shown;
  for (const Preset& preset : presets()) {
    if (std::ranges::find(shown, preset.data) != shown.end()) continue;
    shown.push_back(preset.data);
    std::string names;
    for (const Preset& other : presets()) {
      if (other.data == preset.data) names += (names.empty() ? "" : ", ") + other.name;
    }
    topic.full += fmt::format("  {:<56} {}\n", names, preset.data);
  }
  topic.full += "The settings of AdaQP and of pdADMM-G (-q: pdADMM-G-Q); tersegraph man lists their options.\n";
  return topic;
}

Argument value_argument(const Option& option, TrainWords& words) {
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

/// The preset first, then the file, then the flags.
RunConfig configure(const TrainWords& words) {
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

ResumeChanges changes_of(const TrainWords& words) {
  if (!words.config_file.empty()) fail_input("--resume reads the run's own config.toml; leave --config out");
  RunConfig given;
  for (const auto& [option, word] : words.given) {
    constexpr std::string_view kMayChange[] = {"ranks",   "layer-ranks", "node-ranks", "threads",
                                               "timeout", "epochs",      "quiet"};
    if (std::ranges::find(kMayChange, option->name) == std::end(kMayChange)) {
      fail_input("--{} cannot change when a run goes on; --{} can", option->name, fmt::join(kMayChange, ", --"));
    }
    set_option(given, *option, word, fmt::format("--{}", option->name));
  }
  return {given.ranks, given.threads, given.epochs, given.quiet, given.timeout, given.layer_ranks, given.node_ranks};
}

void settle(const RunConfig& config, char** argv) {
  const bool processes = launched_ranks() > 1;
  settle_wait_policy(processes ? launched_ranks_here() : static_cast<int>(config.ranks),
                     static_cast<int>(config.threads), argv);
}

/// Of which all ranks know.
struct Diverged final : RunError, Agreed {
  using RunError::RunError;
};

int exit_code(const RunConfig& config, const RunOutcome& outcome) {
  if (outcome.signal != 0) {
    if (!config.quiet && launched_rank() == 0) {
      fmt::print("stopped by a signal; to go on: tersegraph train --resume {}\n", outcome.directory);
    }
    return 128 + outcome.signal;
  }
  for (const RunResult& run : outcome.runs) {
    if (run.ending == "diverged") throw Diverged(divergence_words(config, run.epochs, outcome.directory));
  }
  return 0;
}

int train(const TrainWords& words, char** argv) {
  if (!words.resume.empty()) {
    const ResumeChanges changes = changes_of(words);
    const RunConfig config = resolve(resumed_config(words.resume, changes));
    settle(config, argv);
    return exit_code(config, resume_training(words.resume, changes));
  }
  const RunConfig config = resolve(configure(words));
  settle(config, argv);
  return exit_code(config, run_training(config));
}

}  // namespace

Subcommand train_subcommand(char** argv) {
  static TrainWords words;
  Subcommand command = {
      .name = "train",
      .help = "train a model on a graph",
      .footer =
          "Examples:\n"
          "  tersegraph train                                      the built-in graph, one rank\n"
          "  tersegraph train --data cora.npz --layers 2 --hidden 16 --normalize-features --runs 10\n"
          "  tersegraph train --data DATA --ranks 4 --exchange uniform --bits 4\n"
          "  tersegraph train --data cora.npz --model gamlp --optimizer admm --quantize pq --bits 4\n"
          "  mpirun -n 4 --hostfile HOSTS tersegraph train --data DATA --exchange uniform --bits 4\n"
          "  tersegraph train --config runs/FOLDER/config.toml     repeats a run\n"
          "  tersegraph train --resume runs/FOLDER                 goes on with a run that was stopped or killed",
      .arguments = {{.name = "--config",
                     .help = "read options from this file first; flags override it",
                     .target = &words.config_file,
                     .takes = "FILE.toml",
                     .offers = Offers::files},
                    {.name = "--resume",
                     .help = "go on with the run in this folder, from its newest checkpoint",
                     .target = &words.resume,
                     .takes = "DIR",
                     .offers = Offers::folders}},
      .run = [argv] { return train(words, argv); },
      .topics = {preset_topic()}};
  const RunConfig defaults;
  for (const Option& option : options()) {
    if (const auto* flag = std::get_if<bool RunConfig::*>(&option.field)) {
      for (const bool value : {true, false}) {
        command.arguments.push_back(flag_argument(option, value, value == defaults.**flag, words));
      }
    } else {
      command.arguments.push_back(value_argument(option, words));
    }
  }
  return command;
}

}  // namespace tersegraph
