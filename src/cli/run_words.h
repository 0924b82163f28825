#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "run/options.h"
#include "tersegraph/config.h"

namespace tersegraph {

/// What the command line says of a run, kept until the configuration file has been read, since it overrides that.
struct RunWords {
  std::string config_file;
  std::vector<std::pair<const Option*, std::string>> given;
};

/// --config and all options of a run but those named in `without`, which write into `words`; it must outlive them.
std::vector<Argument> run_arguments(RunWords& words, std::span<const std::string_view> without = {});

/// The preset first, then the file, then the flags. Errors: InputError.
RunConfig configure(const RunWords& words);

std::vector<std::string> preset_names();

}  // namespace tersegraph
