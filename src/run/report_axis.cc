#include "run/report_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "run/units.h"

namespace tersegraph {
namespace {

constexpr double kMostTicks = 6;

struct Scale {
  double factor;
  const char* unit;
};

// The unit in which the axis' largest value has one to three digits before the point.
Scale scale_for(Unit unit, double largest) {
  constexpr std::array kSeconds = {Scale{1e3, "ms"}, Scale{1, "s"}, Scale{1.0 / 60, "min"}, Scale{1.0 / 3600, "h"}};
  constexpr std::array kSecondsUpTo = {1.0, 300.0, 3 * 3600.0};
  constexpr std::array kBytes = {"B", "kB", "MB", "GB", "TB", "PB"};
  switch (unit) {
    case Unit::share:
      return {100, "%"};
    case Unit::seconds:
      return kSeconds[std::ranges::upper_bound(kSecondsUpTo, largest) - kSecondsUpTo.begin()];
    case Unit::bytes: {
      const double power = largest < 1 ? 0.0 : std::floor(std::log10(largest) / 3);
      const auto index = static_cast<size_t>(std::min(power, double{kBytes.size() - 1}));
      return {std::pow(1000.0, -static_cast<double>(index)), kBytes[index]};
    }
    case Unit::bits:
      return {1, "bits"};
    case Unit::number:
      break;
  }
  return {1, ""};
}

// 1, 2 or 5 times a power of ten.
double round_step(double range) {
  const double least = range / kMostTicks;
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (digit * power >= least * (1 - 1e-9)) return digit * power;
  }
  return 10 * power;
}

std::string tick_words(double value, double step) {
  const double largest = std::abs(value);
  if (largest != 0 && (largest >= 1e6 || step < 1e-5)) return fmt::format("{:.3g}", value);
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  return fmt::format("{:.{}f}", value, decimals);
}

void add_ticks(Axis& axis, double factor, double step) {
  const double first = std::ceil(axis.low * factor / step - 1e-9), last = axis.high * factor / step + 1e-9;
  for (double index = first; index <= last; ++index) {
    // Adding 0 turns -0 into 0.
    const double value = index * step + 0.0;
    axis.ticks.push_back({value / factor, tick_words(value, step)});
  }
}

}  // namespace

std::string value_words(Unit unit, double value) {
  if (!std::isfinite(value)) return "–";
  switch (unit) {
    case Unit::share:
      return fmt::format("{:.2f} %", 100 * value);
    case Unit::seconds:
      return format_seconds(value);
    case Unit::bytes:
      return format_bytes(value);
    case Unit::bits:
      return fmt::format("{:.2f} bits", value);
    case Unit::number:
      break;
  }
  return std::abs(value) < 1e6 && value == std::round(value) ? fmt::format("{:.0f}", value)
                                                             : fmt::format("{:.4g}", value);
}

double Axis::position(double value) const {
  if (logarithmic) return (std::log10(value) - std::log10(low)) / (std::log10(high) - std::log10(low));
  return (value - low) / (high - low);
}

Axis linear_axis(Unit unit, double low, double high) {
  if (high - low <= 1e-9 * std::max(std::abs(low), std::abs(high))) {
    const double room = low == 0 ? 1.0 : 0.1 * std::abs(low);
    low -= room;
    high += room;
  }
  const Scale scale = scale_for(unit, std::max(std::abs(low), std::abs(high)));
  const double step = round_step((high - low) * scale.factor);
  Axis axis;
  axis.low = std::floor(low * scale.factor / step + 1e-9) * step / scale.factor;
  axis.high = std::ceil(high * scale.factor / step - 1e-9) * step / scale.factor;
  axis.unit = scale.unit;
  add_ticks(axis, scale.factor, step);
  return axis;
}

Axis logarithmic_axis(double low, double high) {
  Axis axis;
  axis.logarithmic = true;
  const int first = static_cast<int>(std::floor(std::log10(low) + 1e-9));
  int last = static_cast<int>(std::ceil(std::log10(high) - 1e-9));
  if (last == first) ++last;
  axis.low = std::pow(10.0, first);
  axis.high = std::pow(10.0, last);
  const int every = (last - first + 7) / 8;
  for (int power = first; power <= last; power += every) {
    const double value = std::pow(10.0, power);
    axis.ticks.push_back({value, power >= -3 && power <= 4 ? fmt::format("{:g}", value) : fmt::format("1e{}", power)});
  }
  return axis;
}

Axis bottom_axis(Unit unit, double low, double high) {
  if (high <= low) high = low + 1;
  const Scale scale = scale_for(unit, std::max(std::abs(low), std::abs(high)));
  Axis axis;
  axis.low = low;
  axis.high = high;
  axis.unit = scale.unit;
  // Epochs are whole.
  const double step = round_step((high - low) * scale.factor);
  add_ticks(axis, scale.factor, unit == Unit::number ? std::max(1.0, step) : step);
  return axis;
}

}  // namespace tersegraph
