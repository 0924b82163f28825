#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "comm/launch.h"
#include "run/suggest.h"
#include "tersegraph/tersegraph.h"

namespace {

using namespace tersegraph;

constexpr int kBadInput = 2;
constexpr int kFailed = 3;

int report(int code, std::string message) {
  std::ranges::replace(message, '\n', ' ');
  // What all ranks of a launcher meet is told by one.
  if (launched_rank() == 0) fmt::print(stderr, "tersegraph: {}\n", message);
  return code;
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

// CLI11 says that an argument was not expected; we also say which one may have been meant.
std::string unknown_argument(CLI::App& app) {
  const std::vector<std::string> left_over = app.remaining(true);
  const CLI::App* command = app.get_subcommands().empty() ? &app : app.get_subcommands().front();
  std::vector<std::string> known = flags_of(*command);
  if (command == &app) {
    for (const CLI::App* each : app.get_subcommands([](CLI::App*) { return true; })) known.push_back(each->get_name());
  }
  const std::string word = left_over.empty() ? "" : left_over.front();
  const std::string flag = word.substr(0, word.find('='));
  const std::vector<std::string_view> views(known.begin(), known.end());
  return fmt::format("{} does not take {}{} (see {} --help)", command->get_display_name(), word,
                     did_you_mean(flag, views), command == &app ? "tersegraph" : "tersegraph " + command->get_name());
}

int run(int argc, char** argv) {
  CLI::App app("Trains graph neural networks on whole graphs, on one machine or several, and sends few bits.",
               "tersegraph");
  app.set_version_flag("--version", fmt::format("tersegraph {}", version()), "print the version and exit");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.require_subcommand(1);
  app.set_help_flag("--help,-h", "print this help and exit");
  app.footer("Example: tersegraph train --data cora.npz --ranks 2\nEach command's own --help has more.");
  Command chosen;
  add_train(app, chosen, argv);
  add_predict(app, chosen);
  add_info(app, chosen);
  add_generate(app, chosen);
  add_convert(app, chosen);
  add_report(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return launched_rank() == 0 ? app.exit(help_or_version) : 0;
  } catch (const CLI::ExtrasError&) {
    return report(kBadInput, unknown_argument(app));
  } catch (const CLI::ParseError& error) {
    // A misspelt command leaves the required one missing, which CLI11 notices first.
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !app.remaining(true).empty()) {
      return report(kBadInput, unknown_argument(app));
    }
    return report(kBadInput, fmt::format("{} (see tersegraph --help)", error.what()));
  }
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const InputError& error) {
    return report(kBadInput, error.what());
  } catch (const std::bad_alloc&) {
    return report(kFailed, "out of memory; use more ranks on more machines, or a smaller --hidden");
  } catch (const std::exception& error) {
    return report(kFailed, error.what());
  }
}
