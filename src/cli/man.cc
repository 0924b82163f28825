#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "run/presets.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

/// Text as roff takes it: no escapes, no control lines, hyphens as they are typed.
std::string roff(const std::string& text) {
  std::string result;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
    begins = c == '\n';
  }
  return result;
}

std::string item(const std::string& name, const std::string& text) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(name), roff(text));
}

std::string argument_item(const Argument& argument) {
  const std::string name = roff(argument.name);
  const std::string takes = argument.takes.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(argument.takes));
  const std::string by_default = argument.by_default.empty() ? "" : fmt::format(" Default: {}.", argument.by_default);
  return fmt::format(".TP\n\\fB{}\\fR{}\n{}.{}\n", name, takes, roff(argument.help), roff(by_default));
}

std::string command_section(const Subcommand& command) {
  std::string text =
      fmt::format(".SS {}\n{}.\n.PP\n.B {}\n", roff(usage(command)), roff(command.help), roff(usage(command)));
  for (const std::string& part : help_parts(command)) {
    std::string items;
    for (const Argument& argument : command.arguments) {
      if (!argument.hidden && heading(argument) == part) items += argument_item(argument);
    }
    if (!items.empty()) text += fmt::format(".PP\n\\fI{}\\fR\n{}", part, items);
  }
  return text + (command.footer.empty() ? "" : fmt::format(".PP\n.nf\n{}\n.fi\n", roff(command.footer)));
}

std::string preset_section() {
  std::string text = ".SH PRESETS\n";
  for (const Preset& preset : presets()) {
    text += item(preset.name, fmt::format("{} on {}: {}", preset.paper, preset.data, preset_words(preset)));
  }
  return text;
}

std::string man_page() {
  std::string text = fmt::format(
      ".TH TERSEGRAPH 1 \"\" \"tersegraph {}\" \"User Commands\"\n.SH NAME\ntersegraph \\- train graph neural networks "
      "on whole graphs\n.SH SYNOPSIS\n.B tersegraph\n.I COMMAND\n[OPTIONS]\n.SH DESCRIPTION\nTrains graph neural "
      "networks "
      "on a whole graph, without sampling, on one machine or several, and sends few bits. A run leaves a directory "
      "with its options, metrics, weights, predictions and a page.\n.SH COMMANDS\n",
      version());
  for (const Subcommand& command : subcommands(nullptr)) text += command_section(command);
  text += preset_section();
  text += ".SH EXIT STATUS\n" + item("0", "done") +
          item("2", "a mistake in the words or the files; one line says what, where and what to do") +
          item("3", "the run failed: it diverged, or a rank was lost") +
          item("129, 130, 138, 143", "stopped by SIGHUP, SIGINT, SIGUSR1 or SIGTERM, with a checkpoint");
  text += ".SH ENVIRONMENT\n" + item("NO_COLOR", "where it is set and not empty, nothing is printed in colour") +
          item("OMP_WAIT_POLICY", "left alone where it is set; otherwise the program chooses how its threads wait");
  return text + ".SH SEE ALSO\n\\fBmpirun\\fR(1)\n";
}

}  // namespace

Subcommand man_subcommand() {
  return {.name = "man",
          .help = "print the manual page",
          .footer = "Example: tersegraph man | man -l -",
          .arguments = {},
          .run = [] {
            fmt::print("{}", man_page());
            return 0;
          }};
}

}  // namespace tersegraph
