#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/run_words.h"
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

/// The words of the command line.
struct TrainWords : RunWords {
  std::string resume;
};

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
      .arguments = run_arguments(words),
      .run = [argv] { return train(words, argv); },
      .topics = {preset_topic()},
      .as_ranks = true};
  const Argument resume = {.name = "--resume",
                           .help = "go on with the run in this folder, from its newest checkpoint",
                           .target = &words.resume,
                           .takes = "DIR",
                           .offers = Offers::folders};
  command.arguments.insert(command.arguments.begin() + 1, resume);
  return command;
}

}  // namespace tersegraph
