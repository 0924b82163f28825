#include "nn/schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/error.h"

namespace tersegraph {
namespace {

constexpr std::string_view kForms =
    "use constant, cosine[:warmup=N][,min=X], linear[:warmup=N] or step:every=N,factor=X";

template <class Number>
Number parse_number(std::string_view words, std::string_view key, std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // Written so that NaN fails too.
  if (error != std::errc() || end != text.data() + text.size() || !(value >= least && value <= most)) {
    fail_input("learning-rate schedule '{}': {}={} must be a number from {} to {}", words, key, text, least, most);
  }
  return value;
}

std::pair<std::string_view, std::string_view> split_option(std::string_view words, std::string_view option) {
  const size_t equals = option.find('=');
  if (equals == std::string_view::npos) {
    fail_input("learning-rate schedule '{}': '{}' is not key=value; {}", words, option, kForms);
  }
  return {option.substr(0, equals), option.substr(equals + 1)};
}

}  // namespace

Schedule Schedule::parse(std::string_view words) {
  const size_t colon = words.find(':');
  const std::string_view name = words.substr(0, colon);

  Schedule schedule;
  if (name == "constant") {
    schedule.kind_ = Kind::constant;
  } else if (name == "cosine") {
    schedule.kind_ = Kind::cosine;
  } else if (name == "linear") {
    schedule.kind_ = Kind::linear;
  } else if (name == "step") {
    schedule.kind_ = Kind::step;
  } else {
    fail_input("unknown learning-rate schedule '{}': {}", words, kForms);
  }

  constexpr int64_t kMaxEpochs = int64_t{1} << 40;
  const bool warms_up = schedule.kind_ == Kind::cosine || schedule.kind_ == Kind::linear;
  for (size_t separator = colon; separator != std::string_view::npos;) {
    const size_t begin = separator + 1;
    separator = words.find(',', begin);
    const auto [key, value] = split_option(words, words.substr(begin, separator - begin));
    if (key == "warmup" && warms_up) {
      schedule.warmup_ = parse_number<int64_t>(words, key, value, 0, kMaxEpochs);
    } else if (key == "min" && schedule.kind_ == Kind::cosine) {
      schedule.min_ = parse_number<double>(words, key, value, 0.0, 1.0);
    } else if (key == "every" && schedule.kind_ == Kind::step) {
      schedule.every_ = parse_number<int64_t>(words, key, value, 1, kMaxEpochs);
    } else if (key == "factor" && schedule.kind_ == Kind::step) {
      schedule.factor_ = parse_number<double>(words, key, value, 1e-9, 1.0);
    } else {
      fail_input("learning-rate schedule '{}': '{}' has no option '{}'; {}", words, name, key, kForms);
    }
  }
  if (schedule.kind_ == Kind::step && (schedule.every_ == 0 || schedule.factor_ == 0.0)) {
    fail_input("learning-rate schedule '{}' needs both every=N and factor=X, for example step:every=50,factor=0.5",
               words);
  }
  return schedule;
}

double Schedule::factor(int64_t epoch, int64_t epochs) const {
  if (kind_ == Kind::constant) return 1.0;
  if (kind_ == Kind::step) return std::pow(factor_, static_cast<double>(epoch / every_));
  if (epoch < warmup_) return static_cast<double>(epoch + 1) / static_cast<double>(warmup_);
  const double length = static_cast<double>(std::max<int64_t>(epochs - warmup_, 1));
  const double done = std::min(static_cast<double>(epoch - warmup_) / length, 1.0);
  if (kind_ == Kind::linear) return 1.0 - done;
  return min_ + (1.0 - min_) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

}  // namespace tersegraph
