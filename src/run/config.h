#pragma once

#include <string>

#include "tersegraph/config.h"

namespace tersegraph {

/// Sets what the file says and leaves the rest. A `preset` in it is applied first, unless config.preset names one that
/// has been applied already. Errors: InputError with the file's name and line for bad TOML, unknown
/// keys, values of the wrong type or out of range.
void read_config(const std::string& path, RunConfig& config);

/// config.toml: every option with its value, defaults too. Reading it again gives the same run.
std::string to_toml(const RunConfig& config);

/// The configuration with what stands for "automatic" filled in, for this machine and the launcher this process was
/// started by. Errors: InputError for values out of range and options that contradict each other.
RunConfig resolve(RunConfig config);
/// The same where the caller holds the data in one process, whole, whatever config.data calls it.
RunConfig resolve_in_memory(RunConfig config);

}  // namespace tersegraph
