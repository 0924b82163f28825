#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tersegraph/config.h"

namespace tersegraph {

using OptionField =
    std::variant<std::string RunConfig::*, int64_t RunConfig::*, double RunConfig::*, bool RunConfig::*>;

/// What a number may be. Both ends belong to the range unless they are open.
struct Bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool open_low = false, open_high = false;

  bool contain(double x) const { return (open_low ? x > low : x >= low) && (open_high ? x < high : x <= high); }
};

/// What trains: each kind reads its own options. The values are bits of a set.
enum class TrainerKind : unsigned { full_graph = 1, mlp = 2, admm = 4 };
TrainerKind trainer_kind(const RunConfig& config);

/// One option of a run: its flag (`--name`), its key in TOML, its place in RunConfig and what it may be. The command
/// line, the reader and the writer of config.toml and the checks all go by the table of these.
struct Option {
  std::string_view group, name, help;
  OptionField field;
  std::vector<std::string_view> choices = {};  ///< of words; empty: any
  Bounds bounds = {};                          ///< of numbers
  std::string_view automatic =
      "";                   ///< what the default means where it is no word or number of its own; it cannot be written
  bool repeats = true;      ///< belongs to config.toml: what is computed, not where it goes
  unsigned trainers = ~0u;  ///< the kinds of trainers that read it
  bool or_file = false;     ///< beside its choices a path, which has a '.' or a '/'

  bool read_by(TrainerKind kind) const { return (trainers & static_cast<unsigned>(kind)) != 0; }
};

std::span<const Option> options();

/// Errors: InputError naming `name` as the user wrote it, with the nearest known one.
const Option& find_option(std::string_view name, std::string_view where);

/// Sets the option from a word of the command line or a file. `where` opens the message of an InputError ("--lr",
/// "a.toml:3: lr").
void set_option(RunConfig& config, const Option& option, std::string_view word, std::string_view where);

/// The value as set_option takes it, unless it is automatic.
std::string option_word(const RunConfig& config, const Option& option);

/// Whether the value is a default that cannot be written.
bool is_automatic(const RunConfig& config, const Option& option);

/// Throws InputError when the value is neither the default nor allowed.
void check_option(const RunConfig& config, const Option& option, std::string_view where);

}  // namespace tersegraph
