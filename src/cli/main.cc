#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <thread>
#include <vector>

#include "base/crash_words.h"
#include "base/error.h"
#include "base/failure_words.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "comm/collectives.h"
#include "comm/launch.h"
#include "run/suggest.h"
#include "tersegraph/tersegraph.h"

namespace {

using namespace tersegraph;

constexpr int kBadInput = 2;
constexpr int kFailed = 3;

/// Terminals, unless the user says otherwise (no-color.org).
bool coloured(int stream) {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool wanted = no_color == nullptr || *no_color == '\0';
  return wanted && isatty(stream) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

/// What all ranks of a launcher meet is told by one, which goes first: launchers end the others once one has failed.
/// Another rank that is still there after that has met it alone, unless all have `agreed` on it.
int report(int code, std::string message, bool agreed = false) {
  std::ranges::replace(message, '\n', ' ');
  const char* const name = coloured(STDERR_FILENO) ? "\x1b[1;31mtersegraph:\x1b[0m" : "tersegraph:";
  const int rank = launched_rank();
  if (rank != 0) std::this_thread::sleep_for(std::chrono::seconds(2));
  if (rank == 0) {
    fmt::print(stderr, "{} {}\n", name, message);
  } else if (!agreed) {
    fmt::print(stderr, "{} rank {}: {}\n", name, rank, message);
  }
  return code;
}

bool is_agreed(const std::exception& error) {
  return dynamic_cast<const Agreed*>(&error) != nullptr;
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

CLI::Option* add_argument(CLI::App& command, const Argument& argument) {
  const std::string& name = argument.name;
  if (const auto* to = std::get_if<bool*>(&argument.target)) return command.add_flag(name, **to);
  if (const auto* to = std::get_if<std::string*>(&argument.target)) return command.add_option(name, **to);
  if (const auto* to = std::get_if<std::vector<std::string>*>(&argument.target)) {
    return command.add_option(name, **to)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  if (const auto* call = std::get_if<std::function<void()>>(&argument.target)) {
    return command.add_flag_callback(name, *call);
  }
  return command.add_option_function(name, std::get<std::function<void(const std::string&)>>(argument.target));
}

void add_subcommand(CLI::App& app, const Subcommand& subcommand, const Subcommand*& chosen) {
  CLI::App* command = app.add_subcommand(subcommand.name);
  for (const Argument& argument : subcommand.arguments) {
    add_argument(*command, argument)->required(argument.required);
  }
  command->callback([&chosen, &subcommand] { chosen = &subcommand; });
}

bool asks_for_help(std::string_view word) {
  return word == "--help" || word == "-h";
}

/// What --help asks for, wherever it stands behind the command; nullopt where it is not there.
std::optional<std::string> help_asked(const std::vector<std::string>& words, const std::vector<Subcommand>& commands) {
  const auto asks = std::ranges::find_if(words, asks_for_help);
  if (asks == words.end()) return std::nullopt;
  const auto command = std::ranges::find(commands, words.front(), &Subcommand::name);
  if (command == commands.end())
    return asks == words.begin() ? std::optional(help_text(commands, help_width())) : std::nullopt;
  const bool has_part = asks + 1 != words.end() && !(asks + 1)->starts_with("-");
  return help_text(*command, has_part ? *(asks + 1) : "", help_width());
}

int run(int argc, char** argv) {
  const std::vector<Subcommand> commands = subcommands(argv);
  if (const auto help = help_asked({argv + 1, argv + argc}, commands)) {
    if (launched_rank() == 0) fmt::print("{}", *help);
    return 0;
  }
  CLI::App app("", "tersegraph");
  app.set_help_flag();  // help_asked() has seen to it
  app.set_version_flag("--version", fmt::format("tersegraph {}", version()));
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.require_subcommand(1);
  const Subcommand* chosen = nullptr;
  for (const Subcommand& subcommand : commands) add_subcommand(app, subcommand, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& only_version) {
    return launched_rank() == 0 ? app.exit(only_version) : 0;
  } catch (const CLI::ExtrasError&) {
    return report(kBadInput, unknown_argument(app));
  } catch (const CLI::ParseError& error) {
    // A misspelt command leaves the required one missing, which CLI11 notices first.
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !app.remaining(true).empty()) {
      return report(kBadInput, unknown_argument(app));
    }
    return report(kBadInput, fmt::format("{} (see tersegraph --help)", error.what()));
  }
  if (launched_ranks() > 1 && !chosen->as_ranks) {
    return report(kBadInput, fmt::format("{} is the work of one process: start it without mpirun", chosen->name), true);
  }
  return chosen->run();
}

[[noreturn]] void end_with(const char* reason) {
  std::fprintf(stderr, "tersegraph: %s\n", reason);
  std::_Exit(kFailed);
}

/// Some libraries end the program themselves where memory is lacking (libgomp does).
bool ended = false;
void check_end() {
  if (!ended) end_with("a library has ended the program: see that memory is left");
}

/// What nobody catches: in a thread beside the ranks, as a heartbeat's.
[[noreturn]] void end_uncaught() {
  try {
    if (std::current_exception()) throw;
  } catch (const std::exception& error) {
    end_with(words_of(error).c_str());
  } catch (...) {
  }
  end_with("it ended by an exception of an unknown kind");
}

int run_and_report(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const InputError& error) {
    return report(kBadInput, error.what(), is_agreed(error));
  } catch (const std::exception& error) {
    return report(kFailed, words_of(error), is_agreed(error));
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::atexit(check_end);
  std::set_terminate(end_uncaught);
  explain_crashes_for_memory();
  const int code = run_and_report(argc, argv);
  ended = true;
  std::fflush(nullptr);
  // What libraries do at exit may fail again, and change the code.
  if (code != 0) std::_Exit(code);
  return code;
}
