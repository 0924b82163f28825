#include "train/width_guard.h"

#include <algorithm>
#include <cmath>

#include "comm/collectives.h"

namespace tersegraph {
namespace {

/// At the same size, rounding doubles the variance that dropout alone gives a step. On Amazon Computers (8 parts)
/// widths 2, 4 and 8 give at most 0.5 of it, 1 bit on a random partition 5 times as much and more.
constexpr double kMostOfNoise = 1.0;
/// Where there is little or no dropout: raises E ||g~||^2, on which the bound of a step's descent depends, by 1%.
constexpr double kHarmless = 0.1;

}  // namespace

bool WidthCheck::too_coarse() const {
  return error > std::max(kMostOfNoise * noise, kHarmless);
}

double WidthGuard::squared_sum(std::vector<float>& part) {
  all_reduce_sum(channel_, Traffic::evaluation, std::span(part));
  double sum = 0;
  for (const float value : part) sum += double{value} * double{value};
  return sum;
}

WidthCheck WidthGuard::check(const std::function<void(bool other_dropout)>& exact_step) {
  const std::span<float> now = parameters_.gradients();
  const auto minus = [&](const std::vector<float>& a) {
    for (size_t k = 0; k < now.size(); ++k) difference_[k] = a[k] - now[k];
  };
  used_.assign(now.begin(), now.end());
  difference_.resize(now.size());
  exact_step(false);
  exact_.assign(now.begin(), now.end());
  minus(used_);
  const double error = squared_sum(difference_);
  exact_step(true);
  minus(exact_);
  const double noise = squared_sum(difference_);
  const double size = squared_sum(exact_);
  std::ranges::copy(used_, now.begin());
  if (!(size > 0)) return {};
  return {std::sqrt(error / size), std::sqrt(noise / (2 * size))};
}

}  // namespace tersegraph
