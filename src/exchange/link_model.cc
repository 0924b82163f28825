#include "exchange/link_model.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace tersegraph {
namespace {

/// Units of a kind stand from the largest down.
struct Unit {
  std::string_view name;
  double value;
};
constexpr std::array<Unit, 4> kRates{{{"tbit", 1e12}, {"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}}};
constexpr std::array<Unit, 4> kTimes{{{"s", 1.0}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}}};

[[noreturn]] void fail_spec(std::string_view spec) {
  fail_input("--link {}: give a rate and, if you like, a latency: 1gbit or 1gbit,50us or 100mbit:latency=1ms", spec);
}

/// The number and its unit, both all of `text`; a negative number marks what cannot be read.
double read_quantity(std::string_view text, std::span<const Unit> units) {
  double number = -1;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return -1;
  const std::string_view name(rest, static_cast<size_t>(text.data() + text.size() - rest));
  for (const Unit& unit : units) {
    if (name == unit.name) return number * unit.value;
  }
  return -1;
}

/// In the largest unit of which there is a whole one.
std::string print_quantity(double value, std::span<const Unit> units) {
  size_t k = 0;
  while (k + 1 < units.size() && value < units[k].value * (1 - 1e-12)) ++k;
  return fmt::format("{:.12g}{}", value / units[k].value, units[k].name);
}

}  // namespace

Link parse_link(std::string_view spec) {
  std::string words(spec);
  std::transform(words.begin(), words.end(), words.begin(), [](unsigned char c) { return std::tolower(c); });
  if (words == "free") return {};
  const size_t cut = words.find_first_of(",:");
  const double rate = read_quantity(std::string_view(words).substr(0, cut), kRates);
  if (!(rate > 0)) fail_spec(spec);
  Link link{8 / rate, 0};
  if (cut == std::string::npos) return link;
  std::string_view latency = std::string_view(words).substr(cut + 1);
  constexpr std::string_view kKey = "latency=";
  if (latency.starts_with(kKey)) latency.remove_prefix(kKey.size());
  link.gamma = read_quantity(latency, kTimes);
  if (!(link.gamma >= 0)) fail_spec(spec);
  return link;
}

std::string print_link(const Link& link) {
  if (link.theta == 0) return "free";
  const std::string rate = print_quantity(8 / link.theta, kRates);
  return link.gamma == 0 ? rate : rate + "," + print_quantity(link.gamma, kTimes);
}

Link fit_link(std::span<const ProbeSample> samples) {
  // Normal equations of the relative residuals theta n/t + gamma/t - 1.
  double nn = 0, n1 = 0, one = 0, n = 0, unit = 0;
  for (const ProbeSample& sample : samples) {
    const double t = std::max(sample.seconds, 1e-9), a = sample.bytes / t, b = 1 / t;
    nn += a * a, n1 += a * b, one += b * b, n += a, unit += b;
  }
  if (samples.empty()) return {};
  const double determinant = nn * one - n1 * n1;
  if (determinant > 1e-12 * nn * one) {
    const Link link{(n * one - unit * n1) / determinant, (unit * nn - n * n1) / determinant};
    if (link.theta >= 0 && link.gamma >= 0) return link;
  }
  // The least value lies on the edge where one of them is zero: whichever alone explains more.
  const double by_theta = nn > 0 ? n * n / nn : 0, by_gamma = unit * unit / one;
  return by_theta >= by_gamma ? Link{n / nn, 0} : Link{0, unit / one};
}

Link lasting_link(std::span<const ProbeSample> samples) {
  constexpr double kNoise = 1.25;
  const Link fitted = fit_link(samples);
  if (samples.size() < 2) return fitted;
  const ProbeSample &first = samples.front(), &last = samples.back(), &before = samples[samples.size() - 2];
  const double theta = (last.seconds - before.seconds) / (last.bytes - before.bytes);
  if (!(theta > kNoise * fitted.theta)) return fitted;
  return {theta, std::max(first.seconds - theta * first.bytes, 0.0)};
}

LinkModel LinkModel::uniform(int hosts, const Link& link) {
  LinkModel model(hosts);
  for (int from = 0; from < hosts; ++from) {
    for (int to = 0; to < hosts; ++to) {
      if (from != to) model.link(from, to) = link;
    }
  }
  return model;
}

std::vector<double> LinkModel::numbers() const {
  std::vector<double> numbers;
  for (const Link& link : links_) numbers.insert(numbers.end(), {link.theta, link.gamma});
  return numbers;
}

LinkModel LinkModel::from_numbers(int hosts, std::span<const double> numbers) {
  LinkModel model(hosts);
  if (numbers.size() != 2 * model.links_.size()) {
    fail_input("the link model has {} numbers where {} hosts need {}: theta and gamma of each pair of hosts",
               numbers.size(), hosts, 2 * model.links_.size());
  }
  for (size_t k = 0; k < model.links_.size(); ++k) {
    model.links_[k] = {numbers[2 * k], numbers[2 * k + 1]};
    for (const double value : {model.links_[k].theta, model.links_[k].gamma}) {
      if (!std::isfinite(value) || value < 0) {
        fail_input("the link model has {} for the link {} -> {}: seconds are not negative and finite", value, k / hosts,
                   k % hosts);
      }
    }
  }
  return model;
}

double all_at_once_seconds(const LinkModel& links, std::span<const LinkLoad> loads) {
  const int hosts = links.hosts();
  double longest = 0;
  for (int h = 0; h < hosts; ++h) {
    double sends = 0, receives = 0;
    for (int q = 0; q < hosts; ++q) {
      const LinkLoad &out = loads[static_cast<size_t>(h) * hosts + q], &in = loads[static_cast<size_t>(q) * hosts + h];
      sends += links.link(h, q).seconds(out.bytes, out.messages);
      receives += links.link(q, h).seconds(in.bytes, in.messages);
    }
    longest = std::max({longest, sends, receives});
  }
  return longest;
}

double ring_seconds(const LinkModel& links, std::span<const int> host_of, std::span<const LinkLoad> loads) {
  const size_t ranks = host_of.size();
  double seconds = 0;
  for (size_t round = 1; round < ranks; ++round) {
    double longest = 0;
    for (size_t k = 0; k < ranks; ++k) {
      const size_t to = (k + round) % ranks;
      const LinkLoad& load = loads[k * ranks + to];
      longest = std::max(longest, links.link(host_of[k], host_of[to]).seconds(load.bytes, load.messages));
    }
    seconds += longest;
  }
  return seconds;
}

}  // namespace tersegraph
