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

/// What a shell offers for a value, beside its choices.
enum class Offers { nothing, files, folders };

/// One argument of a subcommand: "--name", or "NAME" by its position.
struct Argument {
  std::string name, help;
  ArgumentTarget target;
  std::string takes = "";       ///< the help's word for the value; empty: TEXT
  std::string by_default = "";  ///< the help's words for the default, behind `takes`
  bool required = false;
  std::string group = "";  ///< the help's heading; empty: Options
  bool hidden = false;     ///< the help leaves it out
  std::vector<std::string> choices = {};
  Offers offers = Offers::nothing;

  bool is_flag() const {
    return std::holds_alternative<bool*>(target) || std::holds_alternative<std::function<void()>>(target);
  }
  bool positional() const { return !name.starts_with("-"); }
  bool repeats() const { return std::holds_alternative<std::vector<std::string>*>(target); }
};

/// A part of the help beside the arguments: `brief` in the whole help, `full` where --help asks for it by name.
struct HelpTopic {
  std::string name, brief, full;
};

/// A subcommand, in words of our own: only main.cc reads the header of the parser, which takes seconds to compile.
struct Subcommand {
  std::string name, help, footer;
  std::vector<Argument> arguments;
  std::function<int()> run;  ///< after all arguments are set; returns the exit code
  std::vector<HelpTopic> topics = {};
  bool as_ranks = false;  ///< mpirun may start several processes of it
};

/// `argv` is main's.
Subcommand train_subcommand(char** argv);
Subcommand predict_subcommand();
Subcommand info_subcommand();
Subcommand generate_subcommand();
Subcommand convert_subcommand();
Subcommand partition_subcommand();
Subcommand plan_subcommand();
Subcommand report_subcommand();
Subcommand completion_subcommand();
Subcommand man_subcommand();

/// All of them, in the order of the help. `argv` is main's.
std::vector<Subcommand> subcommands(char** argv);

}  // namespace tersegraph
