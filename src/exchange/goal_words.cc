#include "exchange/goal_words.h"

#include <charconv>
#include <cmath>

#include "base/error.h"

namespace tersegraph {
namespace {

[[noreturn]] void fail_goal(std::string_view words) {
  fail_input(
      "--budget {}: give bytes=SHARE of the fp32 bytes, time=SECONDS of an epoch's exchanges, error=0..1, slack or "
      "slack=SECONDS,SECONDS,...",
      words);
}

double read_number(std::string_view number, std::string_view words) {
  double value = 0;
  const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || rest != number.data() + number.size() || !std::isfinite(value) || value < 0) {
    fail_goal(words);
  }
  return value;
}

std::vector<double> read_numbers(std::string_view list, std::string_view words) {
  std::vector<double> numbers;
  for (;;) {
    const size_t comma = list.find(',');
    numbers.push_back(read_number(list.substr(0, comma), words));
    if (comma == std::string_view::npos) return numbers;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

AssignerGoal parse_goal(std::string_view words, double lambda) {
  if (words.empty()) return {AssignerGoal::Form::balance, lambda, {}};
  if (words == "slack") return {AssignerGoal::Form::slack, 0, {}};
  const size_t equals = words.find('=');
  if (equals == std::string_view::npos) fail_goal(words);
  const std::string_view form = words.substr(0, equals), rest = words.substr(equals + 1);
  if (form == "slack") return {AssignerGoal::Form::slack, 0, read_numbers(rest, words)};
  const double value = read_number(rest, words);
  if (form == "bytes" && value > 0) return {AssignerGoal::Form::bytes, value, {}};
  if (form == "time") return {AssignerGoal::Form::time, value, {}};
  if (form == "error" && value <= 1) return {AssignerGoal::Form::error, value, {}};
  fail_goal(words);
}

}  // namespace tersegraph
