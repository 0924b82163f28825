#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace tersegraph {

/// What an argument's words go to: a flag sets the bool or makes the call, the others take a word each time they are
/// given.
using ArgumentTarget = std::variant<bool*, std::string*, std::vector<std::string>*, std::function<void()>,
                                    std::function<void(const std::string&)>>;

/// One argument of a subcommand: "--name", or "NAME" by its position.
struct Argument {
  std::string name, help;
  ArgumentTarget target;
  std::string takes = "";       ///< the help's word for the value; empty: TEXT
  std::string by_default = "";  ///< the help's words for the default, behind `takes`
  bool required = false;
  std::string group = "";  ///< the help's heading; empty: Options
  bool hidden = false;     ///< the help leaves it out
};

/// A subcommand, in words of our own: only main.cc reads the header of the parser, which takes seconds to compile.
struct Subcommand {
  std::string name, help, footer;
  std::vector<Argument> arguments;
  std::function<int()> run;  ///< after all arguments are set; returns the exit code
};

/// `argv` is main's.
Subcommand train_subcommand(char** argv);
Subcommand predict_subcommand();
Subcommand info_subcommand();
Subcommand generate_subcommand();
Subcommand convert_subcommand();
Subcommand report_subcommand();

}  // namespace tersegraph
