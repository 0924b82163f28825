#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"

namespace tersegraph {

/// The headings of a subcommand's arguments in their order, then its topics.
std::vector<std::string> help_parts(const Subcommand& command);

/// What `tersegraph COMMAND --help [PART]` prints, in lines of at most `width` columns; "" for the whole. Errors:
/// InputError for a part that there is not, with the nearest one.
std::string help_text(const Subcommand& command, const std::string& part, int width);

/// Of the program itself.
std::string help_text(const std::vector<Subcommand>& commands, int width);

/// Columns of standard output, 100 at most; 80 where it is no terminal.
int help_width();

/// "tersegraph train [OPTIONS] RUN".
std::string usage(const Subcommand& command);

/// That of the help's heading; "Arguments" for what goes by its position.
std::string heading(const Argument& argument);

}  // namespace tersegraph
