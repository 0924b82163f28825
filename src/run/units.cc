#include "run/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace tersegraph {

std::string format_bytes(double bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  if (unit == 0 || bytes >= 99.95) return fmt::format("{:.0f} {}", bytes, kUnits[unit]);
  return fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

int64_t parse_bytes(std::string_view words, std::string_view where) {
  constexpr std::string_view kPrefixes = "kMGT";
  double value = 0.0;
  const char* const end = words.data() + words.size();
  const auto [number_end, error] = std::from_chars(words.data(), end, value);
  std::string_view unit(number_end, static_cast<size_t>(end - number_end));
  if (unit.ends_with('B')) unit.remove_suffix(1);
  const bool binary = unit.ends_with('i');
  if (binary) unit.remove_suffix(1);
  const size_t prefix = unit.empty() ? 0 : kPrefixes.find(unit == "K" ? 'k' : unit.front()) + 1;
  const bool known = unit.size() == 1 ? prefix != 0 : unit.empty() && !binary;
  const double bytes = value * std::pow(binary ? 1024.0 : 1000.0, static_cast<double>(prefix));
  if (error != std::errc() || !known || !(bytes >= 1.0 && bytes < 9e18)) {
    fail_input("{} {}: give a number of bytes, for example 800M, 16G or 15.5Gi", where, words);
  }
  return static_cast<int64_t>(bytes);
}

std::string format_seconds(double seconds) {
  if (seconds < 0.9995) return fmt::format("{:.{}f} ms", seconds * 1e3, seconds < 0.00995 ? 1 : 0);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string format_count(int64_t count) {
  const std::string digits = fmt::format("{}", count);
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

}  // namespace tersegraph
