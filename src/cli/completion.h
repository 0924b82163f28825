#pragma once

#include <string>
#include <vector>

#include "cli/commands.h"

namespace tersegraph {

// Scripts that complete the program's words, written from the same tables as its help.

std::string bash_completion(const std::vector<Subcommand>& commands);
std::string zsh_completion(const std::vector<Subcommand>& commands);
std::string fish_completion(const std::vector<Subcommand>& commands);

}  // namespace tersegraph
