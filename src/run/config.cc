#include "run/config.h"

#include <toml++/toml.h>

#include "base/error.h"
#include "base/file.h"
#include "run/options.h"
#include "run/presets.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

// The word that set_option takes for a TOML value; wrong types fail here because TOML tells "3" from 3.
std::string toml_word(const toml::node& value, const Option& option, const std::string& where) {
  const char* kind = std::visit(
      [&]<class T>(T RunConfig::*) {
        if constexpr (std::is_same_v<T, std::string>) return value.is_string() ? nullptr : "a string in quotes";
        if constexpr (std::is_same_v<T, int64_t>) return value.is_integer() ? nullptr : "a whole number";
        if constexpr (std::is_same_v<T, double>) return value.is_number() ? nullptr : "a number";
        if constexpr (std::is_same_v<T, bool>) return value.is_boolean() ? nullptr : "true or false";
      },
      option.field);
  if (kind != nullptr) fail_input("{} must be {}", where, kind);
  if (value.is_string()) return std::string(value.as_string()->get());
  if (value.is_integer()) return fmt::format("{}", value.as_integer()->get());
  if (value.is_floating_point()) return fmt::format("{}", value.as_floating_point()->get());
  return fmt::format("{}", value.as_boolean()->get());
}

toml::table parse_toml(const std::string& path) {
  const std::string text = read_file(path);
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    fail_input("{}:{}: not TOML: {}", path, error.source().begin.line, error.description());
  }
}

// A basic TOML string.
std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string toml_value(const RunConfig& config, const Option& option) {
  const std::string word = option_word(config, option);
  if (std::holds_alternative<std::string RunConfig::*>(option.field)) return toml_string(word);
  const bool fraction = std::holds_alternative<double RunConfig::*>(option.field);
  return fraction && word.find_first_of(".e") == std::string::npos ? word + ".0" : word;
}

}  // namespace

void read_config(const std::string& path, RunConfig& config) {
  const toml::table table = parse_toml(path);
  const auto where_of = [&](const toml::key& key) {
    return fmt::format("{}:{}: {}", path, key.source().begin.line, key.str());
  };
  // Wherever it stands in the file, it comes before the rest; one that was there before the file stays.
  for (const auto& [key, value] : table) {
    if (key.str() != "preset" || !config.preset.empty()) continue;
    const std::string where = where_of(key);
    start_from_preset(config, toml_word(value, find_option("preset", where), where), where);
  }
  for (const auto& [key, value] : table) {
    if (key.str() == "preset") continue;
    const std::string where = where_of(key);
    const Option& option = find_option(key.str(), where);
    set_option(config, option, toml_word(value, option, where), where);
  }
}

std::string to_toml(const RunConfig& config) {
  std::string text = fmt::format("# tersegraph {}. Repeat this run: tersegraph train --config THIS_FILE\n", version());
  std::string_view group;
  for (const Option& option : options()) {
    if (!option.repeats) continue;
    if (group != option.group) text += fmt::format("\n# {}\n", group = option.group);
    text += is_automatic(config, option) ? fmt::format("# {}: {}\n", option.name, option.automatic)
                                         : fmt::format("{} = {}\n", option.name, toml_value(config, option));
  }
  return text;
}

}  // namespace tersegraph
