#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "cli/commands.h"

namespace tersegraph {
// Scripts that complete the program's words, written from the same tables as its help.
namespace {

std::vector<std::string> names_of(const std::vector<Subcommand>& commands) {
  std::vector<std::string> names;
  for (const Subcommand& command : commands) names.push_back(command.name);
  return names;
}

/// `text` with a backslash before each of `special`.
std::string escaped(const std::string& text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

/// In single quotes, for bash and zsh.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string bash_values(const Argument& argument) {
  if (!argument.choices.empty()) return fmt::format("compgen -W '{}' --", fmt::join(argument.choices, " "));
  if (argument.offers == Offers::folders) return "compgen -d --";
  return argument.offers == Offers::files ? "compgen -f --" : "";
}

std::string bash_command(const Subcommand& command) {
  std::string cases, flags, words;
  for (const Argument& argument : command.arguments) {
    const std::string values = bash_values(argument);
    if (argument.positional()) {
      words = values;
      continue;
    }
    flags += argument.name + " ";
    if (argument.is_flag()) continue;
    cases += fmt::format("        {}) {} ;;\n", argument.name, values.empty() ? ":" : values + " \"$current\"");
  }
  return fmt::format(
      "    {})\n      case $before in\n{}        *)\n          if [[ $current == -* ]]; then compgen -W '{}--help' -- "
      "\"$current\"\n          {}fi ;;\n      esac ;;\n",
      command.name, cases, flags, words.empty() ? "" : fmt::format("else {} \"$current\"\n          ", words));
}

std::string zsh_action(const Argument& argument) {
  if (!argument.choices.empty()) return fmt::format("({})", fmt::join(argument.choices, " "));
  if (argument.offers == Offers::folders) return "_files -/";
  return argument.offers == Offers::files ? "_files" : "";
}

std::string zsh_argument(const Argument& argument) {
  const std::string action = zsh_action(argument);
  if (argument.positional())
    return quoted(fmt::format("{}:{}:{}", argument.repeats() ? "*" : "", argument.name, action));
  const std::string help = escaped(argument.help, "[]:\\");
  if (argument.is_flag()) return quoted(fmt::format("{}[{}]", argument.name, help));
  return quoted(fmt::format("{}[{}]:{}:{}", argument.name, help, "value", action));
}

std::string fish_argument(const std::string& command, const Argument& argument) {
  std::string line = fmt::format("complete -c tersegraph -n '__fish_seen_subcommand_from {}'", command);
  if (!argument.positional())
    line += fmt::format(" -l {} -d '{}'", argument.name.substr(2), escaped(argument.help, "'\\"));
  if (argument.is_flag()) return line + "\n";
  if (!argument.choices.empty()) return line + fmt::format(" -x -a '{}'\n", fmt::join(argument.choices, " "));
  if (argument.offers == Offers::folders) return line + " -x -a '(__fish_complete_directories)'\n";
  if (argument.offers == Offers::files) return line + (argument.positional() ? " -F\n" : " -r -F\n");
  return argument.positional() ? "" : line + " -x\n";
}

std::string bash_completion(const std::vector<Subcommand>& commands) {
  const auto names = fmt::format("{}", fmt::join(names_of(commands), " "));
  std::string script =
      "# bash completion of tersegraph: written by `tersegraph completion bash`\n"
      "_tersegraph_words() {\n"
      "  local command=$1 before=$2 current=$3\n"
      "  case $command in\n";
  for (const Subcommand& command : commands) script += bash_command(command);
  script += fmt::format("    *) compgen -W '{} --help --version' -- \"$current\" ;;\n  esac\n}}\n", names);
  return script + fmt::format(
                      "_tersegraph() {{\n"
                      "  local word command= current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}\n"
                      "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
                      "    case $word in {}) command=$word; break ;; esac\n"
                      "  done\n"
                      "  mapfile -t COMPREPLY < <(_tersegraph_words \"$command\" \"$before\" \"$current\")\n"
                      "}}\n"
                      "complete -o filenames -F _tersegraph tersegraph\n",
                      fmt::join(names_of(commands), "|"));
}

std::string zsh_completion(const std::vector<Subcommand>& commands) {
  std::string names, cases;
  for (const Subcommand& command : commands) {
    names += "    " + quoted(command.name + ":" + escaped(command.help, ":\\")) + "\n";
    cases += fmt::format("    {})\n      _arguments", command.name);
    for (const Argument& argument : command.arguments) cases += " \\\n        " + zsh_argument(argument);
    cases += " \\\n        '--help[print help]' ;;\n";
  }
  return fmt::format(
      "#compdef tersegraph\n# zsh completion of tersegraph: written by `tersegraph completion zsh`\n_tersegraph() {{\n"
      "  local -a commands=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  shift words\n  (( CURRENT-- ))\n"
      "  case $words[1] in\n{}  esac\n}}\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _tersegraph \"$@\"; else compdef _tersegraph tersegraph; "
      "fi\n",
      names, cases);
}

std::string fish_completion(const std::vector<Subcommand>& commands) {
  std::string script =
      "# fish completion of tersegraph: written by `tersegraph completion fish`\n"
      "complete -c tersegraph -f\n";
  for (const Subcommand& command : commands) {
    script += fmt::format("complete -c tersegraph -n __fish_use_subcommand -a {} -d '{}'\n", command.name,
                          escaped(command.help, "'\\"));
    for (const Argument& argument : command.arguments) script += fish_argument(command.name, argument);
  }
  return script;
}

int completion_command(const std::string& shell) {
  const std::vector<Subcommand> commands = subcommands(nullptr);
  if (shell == "bash") {
    fmt::print("{}", bash_completion(commands));
  } else if (shell == "zsh") {
    fmt::print("{}", zsh_completion(commands));
  } else if (shell == "fish") {
    fmt::print("{}", fish_completion(commands));
  } else {
    fail_input("there is no completion for '{}'; there is for bash, zsh and fish", shell);
  }
  return 0;
}

}  // namespace

Subcommand completion_subcommand() {
  static std::string shell;
  return {.name = "completion",
          .help = "print what completes the words of the program in a shell",
          .footer =
              "Examples:\n"
              "  source <(tersegraph completion bash)\n"
              "  tersegraph completion zsh > ~/.zsh/_tersegraph         in a folder of $fpath\n"
              "  tersegraph completion fish > ~/.config/fish/completions/tersegraph.fish",
          .arguments = {{.name = "SHELL",
                         .help = "bash, zsh or fish",
                         .target = &shell,
                         .required = true,
                         .choices = {"bash", "zsh", "fish"}}},
          .run = [] { return completion_command(shell); }};
}

}  // namespace tersegraph
