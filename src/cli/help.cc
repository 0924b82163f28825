#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "base/error.h"
#include "run/progress.h"
#include "run/suggest.h"

namespace tersegraph {
namespace {

constexpr size_t kIndent = 27;

/// `text` by words, from column `indent` on; the first line begins at column `at`.
std::string wrapped(const std::string& text, size_t at, size_t indent, size_t width) {
  std::string lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool first = at <= indent;
    if (!first && at + 1 + word.size() > width) {
      lines += "\n" + std::string(indent, ' ');
      at = indent;
    } else if (!first) {
      lines += ' ';
      ++at;
    }
    lines += word;
    at += word.size();
  }
  return lines + "\n";
}

std::string row(const std::string& name, const std::string& text, size_t width) {
  const std::string start = "  " + name;
  if (start.size() + 2 > kIndent)
    return start + "\n" + std::string(kIndent, ' ') + wrapped(text, kIndent, kIndent, width);
  return start + std::string(kIndent - start.size(), ' ') + wrapped(text, kIndent, kIndent, width);
}

/// "--data DATA".
std::string argument_words(const Argument& argument) {
  return argument.takes.empty() ? argument.name : argument.name + " " + argument.takes;
}

std::string argument_row(const Argument& argument, size_t width) {
  const std::string by_default = argument.by_default.empty() ? "" : fmt::format(" [{}]", argument.by_default);
  return row(argument_words(argument), argument.help + by_default, width);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string part_text(const Subcommand& command, const std::string& part, size_t width) {
  std::string text;
  for (const Argument& argument : command.arguments) {
    if (!argument.hidden && heading(argument) == part) text += argument_row(argument, width);
  }
  return text;
}

std::string find_part(const Subcommand& command, const std::string& word) {
  const std::vector<std::string> parts = help_parts(command);
  std::vector<std::string> lowered;
  for (const std::string& part : parts) {
    if (lower(part) == lower(word)) return part;
    lowered.push_back(lower(part));
  }
  const std::vector<std::string_view> known(lowered.begin(), lowered.end());
  fail_input("{} --help has no part '{}'; it has {}{}", command.name, word, fmt::join(known, ", "),
             did_you_mean(lower(word), known));
}

}  // namespace

std::string heading(const Argument& argument) {
  return argument.positional() ? "Arguments" : argument.group.empty() ? "Options" : argument.group;
}

std::string usage(const Subcommand& command) {
  std::string words = fmt::format("tersegraph {} [OPTIONS]", command.name);
  for (const Argument& argument : command.arguments) {
    if (argument.positional()) words += fmt::format(" {}{}", argument.name, argument.repeats() ? "..." : "");
  }
  return words;
}

std::vector<std::string> help_parts(const Subcommand& command) {
  std::vector<std::string> parts;
  for (const Argument& argument : command.arguments) {
    if (argument.hidden || std::ranges::find(parts, heading(argument)) != parts.end()) continue;
    parts.push_back(heading(argument));
  }
  for (const HelpTopic& topic : command.topics) parts.push_back(topic.name);
  return parts;
}

std::string help_text(const Subcommand& command, const std::string& part, int columns) {
  const auto width = static_cast<size_t>(columns);
  if (!part.empty()) {
    const std::string found = find_part(command, part);
    for (const HelpTopic& topic : command.topics) {
      if (topic.name == found) return topic.full;
    }
    return fmt::format("{}\n{}", found, part_text(command, found, width));
  }
  std::string text = fmt::format("Usage: {}\n{}\n", usage(command), command.help);
  for (const std::string& each : help_parts(command)) {
    const std::string rows = part_text(command, each, width);
    if (!rows.empty()) text += fmt::format("\n{}\n{}", each, rows);
    if (each == "Options") text += row("-h, --help [PART]", "print this help, or a part of it", width);
  }
  for (const HelpTopic& topic : command.topics) {
    text += fmt::format("\n{}\n  {}", topic.name, wrapped(topic.brief, 2, 2, width));
  }
  return text + (command.footer.empty() ? "" : "\n" + command.footer + "\n");
}

std::string help_text(const std::vector<Subcommand>& commands, int columns) {
  const auto width = static_cast<size_t>(columns);
  std::string text =
      wrapped("Trains graph neural networks on whole graphs, on one machine or several, and sends few bits.", 0, 0,
              width) +
      "\nUsage: tersegraph COMMAND [OPTIONS]\n\nCommands\n";
  for (const Subcommand& command : commands) text += row(command.name, command.help, width);
  text += "\nOptions\n" + row("-h, --help", "print this help", width) + row("--version", "print the version", width);
  return text +
         "\nExample: tersegraph train --data cora.npz --ranks 2\n"
         "Each command's own --help has more; man tersegraph has all of it.\n";
}

int help_width() {
  return std::clamp(terminal_width(stdout), 60, 100);
}

}  // namespace tersegraph
