#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace tersegraph {

/// A subcommand's work; returns the exit code.
using Command = std::function<int()>;

/// Each adds its subcommand to `app`. `chosen` gets the work of the one that the user named. `argv` is main's.
void add_train(CLI::App& app, Command& chosen, char** argv);
void add_predict(CLI::App& app, Command& chosen);
void add_info(CLI::App& app, Command& chosen);
void add_generate(CLI::App& app, Command& chosen);
void add_convert(CLI::App& app, Command& chosen);
void add_report(CLI::App& app, Command& chosen);

}  // namespace tersegraph
