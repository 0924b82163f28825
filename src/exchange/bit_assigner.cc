#include "exchange/bit_assigner.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"

namespace tersegraph {
namespace {

/// One exchange at some prices.
struct Priced {
  std::vector<double> prices;  ///< of a byte, by lane
  double seconds = 0;
  double bytes = 0;
  double cost = 0;
  double bound = 0;  ///< no widths have a smaller cost + second x seconds
};

/// One exchange: its lanes' curves, and what it comes to at given prices.
class PricedExchange {
 public:
  PricedExchange(const SlopeHistograms& histograms, int exchange, const Lanes& lanes) : lanes_(lanes) {
    for (int k = 0; k < lanes.count(); ++k) {
      const SlopeBins::Lane lane = histograms.lane(exchange, k);
      curves_.emplace_back(lane, histograms.top(exchange));
      lowest_.push_back({lane.lowest_bytes(), lane.peers()});
      fixed_.push_back(lanes.link(k).seconds(lane.lowest_bytes(), lane.peers()));
      cost_low_ += lane.lowest_cost();
      range_ += curves_.back().total_bought();
      fp32_bytes_ += lane.fp32_bytes();
    }
    at_highest_ = at_prices(std::vector<double>(lanes.count(), 0.0));
    seconds_low_ = lanes.seconds(lowest_);
  }

  double range() const { return range_; }  ///< cost at the lowest widths less that at the highest
  double cost_high() const { return cost_low_ - range_; }
  double seconds_low() const { return seconds_low_; }
  const Priced& at_highest() const { return at_highest_; }
  double fp32_bytes() const { return fp32_bytes_; }
  const std::vector<LaneCurve>& curves() const { return curves_; }

  /// Where a second is worth `second` of cost.
  Priced at_second(double second) const {
    if (second <= 0 || range_ <= 0) return at_highest_;
    std::vector<double> prices(curves_.size(), 0.0);
    double bound = cost_low_;
    for (const Round& round : lanes_.rounds()) {
      bound += price_round(round, lanes_, curves_, fixed_, second, prices);
    }
    for (size_t k = 0; k < curves_.size(); ++k) bound -= curves_[k].excess(prices[k]);
    Priced priced = at_prices(std::move(prices));
    priced.bound = bound;
    return priced;
  }

  /// Where a byte is worth `price` on every lane.
  Priced at_byte(double price) const { return at_prices(std::vector<double>(curves_.size(), price)); }

 private:
  Priced at_prices(std::vector<double> prices) const {
    Priced priced;
    std::vector<LinkLoad> loads = lowest_;
    priced.cost = cost_low_;
    for (size_t k = 0; k < curves_.size(); ++k) {
      const LaneCurve::Point point = curves_[k].at(prices[k]);
      loads[k].bytes += point.bytes;
      priced.bytes += loads[k].bytes;
      priced.cost -= curves_[k].bought(point);
    }
    priced.seconds = lanes_.seconds(loads);
    priced.prices = std::move(prices);
    priced.bound = priced.cost;
    return priced;
  }

  const Lanes& lanes_;
  std::vector<LaneCurve> curves_;
  std::vector<LinkLoad> lowest_;
  std::vector<double> fixed_;  ///< seconds of each lane at the lowest widths
  double cost_low_ = 0, range_ = 0, fp32_bytes_ = 0, seconds_low_ = 0;
  Priced at_highest_;
};

/// Where a condition that small prices fail and large ones meet changes: fails just below, meets just above.
struct Crossing {
  double below = 0;
  double above = 0;
  bool found = true;  ///< false: the largest price tried fails too
};
Crossing find_crossing(double guess, const std::function<bool(double)>& meets) {
  constexpr double kFactor = 16;
  constexpr int kTries = 30;
  double below = guess, above = guess;
  if (meets(guess)) {
    for (int k = 0; k < kTries && meets(below /= kFactor); ++k) above = below;
    if (meets(below)) return {0, below, true};
  } else {
    bool met = false;
    for (int k = 0; k < kTries && !met; ++k) {
      below = above;
      met = meets(above *= kFactor);
    }
    if (!met) return {above, above, false};
  }
  while (above > below * (1 + 1e-7)) {
    const double middle = std::sqrt(below) * std::sqrt(above);
    (meets(middle) ? above : below) = middle;
  }
  return {below, above, true};
}

class Decider {
 public:
  Decider(const AssignerGoal& goal, const SlopeHistograms& histograms, const Lanes& lanes)
      : goal_(goal), histograms_(histograms) {
    for (int t = 0; t < histograms.exchanges(); ++t) {
      exchanges_.emplace_back(histograms, t, lanes);
      varied_ += exchanges_.back().range() > 0 ? 1 : 0;
      seconds_low_ += exchanges_.back().seconds_low();
      seconds_range_ += exchanges_.back().at_highest().seconds - exchanges_.back().seconds_low();
    }
  }

  WidthDecision decide() {
    if (varied_ == 0) return at_highest();
    switch (goal_.form) {
      case AssignerGoal::Form::balance:
        return balance();
      case AssignerGoal::Form::bytes:
        return within_bytes();
      case AssignerGoal::Form::time:
        return within_time();
      case AssignerGoal::Form::error:
        return within_error();
      case AssignerGoal::Form::slack:
        return within_slack();
    }
    return at_highest();
  }

 private:
  /// The weight of an exchange's cost in the error.
  double weight(const PricedExchange& exchange) const {
    return exchange.range() > 0 ? 1 / (varied_ * exchange.range()) : 0;
  }
  /// The cost of an exchange that is worth as much as `price` of error.
  double in_cost(const PricedExchange& exchange, double price) const {
    return exchange.range() > 0 ? price / weight(exchange) : 0;
  }

  using AtPrice = Priced (PricedExchange::*)(double) const;
  std::vector<Priced> all_at(double price, AtPrice at) const {
    std::vector<Priced> all;
    for (const PricedExchange& exchange : exchanges_) all.push_back((exchange.*at)(in_cost(exchange, price)));
    return all;
  }
  double error(const std::vector<Priced>& all) const {
    double error = 0;
    for (size_t t = 0; t < all.size(); ++t) {
      error += weight(exchanges_[t]) * (all[t].cost - exchanges_[t].cost_high());
    }
    return error;
  }
  static double sum(const std::vector<Priced>& all, double Priced::*what) {
    double sum = 0;
    for (const Priced& priced : all) sum += priced.*what;
    return sum;
  }
  /// A price of a second at which it and the error weigh about the same.
  double usual_second() const { return 1 / std::max(seconds_range_, 1e-12); }

  WidthDecision decision(const std::vector<Priced>& all) const {
    WidthDecision decision;
    for (size_t t = 0; t < all.size(); ++t) {
      const int top = histograms_.top(static_cast<int>(t));
      for (size_t k = 0; k < all[t].prices.size(); ++k) {
        const LaneCurve::Point point = exchanges_[t].curves()[k].at(all[t].prices[k]);
        decision.thresholds.push_back(
            {SlopeBins::edge(point.bin + 1, top), SlopeBins::edge(point.bin, top), point.share});
      }
      decision.seconds.push_back(all[t].seconds);
    }
    decision.bytes = sum(all, &Priced::bytes);
    decision.error = error(all);
    return decision;
  }
  WidthDecision at_highest() const { return decision(all_at(0, &PricedExchange::at_second)); }

  WidthDecision balance() const {
    if (!(goal_.value >= 0 && goal_.value <= 1)) fail_input("lambda {}: it lies between 0 and 1", goal_.value);
    if (seconds_range_ <= 0) return at_highest();
    // lambda 0 asks for time alone; among widths of equal time the error still decides.
    const double lambda = std::max(goal_.value, 1e-9), second = (1 - lambda) / lambda / seconds_range_;
    const std::vector<Priced> all = all_at(second, &PricedExchange::at_second);
    WidthDecision chosen = decision(all);
    chosen.objective = lambda * (chosen.error + second * (sum(all, &Priced::seconds) - seconds_low_));
    chosen.bound = -lambda * second * seconds_low_;
    for (size_t t = 0; t < all.size(); ++t) {
      const PricedExchange& exchange = exchanges_[t];
      const double unvaried = exchange.range() > 0 ? 0 : second * all[t].seconds;
      chosen.bound += lambda * (weight(exchange) * (all[t].bound - exchange.cost_high()) + unvaried);
    }
    return chosen;
  }

  WidthDecision within_bytes() const {
    if (!(goal_.value > 0)) fail_input("a budget of {} of the fp32 bytes: it must be above 0", goal_.value);
    double budget = 0, highest = 0;
    for (const PricedExchange& exchange : exchanges_) {
      budget += goal_.value * exchange.fp32_bytes();
      highest += exchange.at_highest().bytes;
    }
    if (highest <= budget) return at_highest();
    const Crossing crossing = find_crossing(1 / highest, [&](double price) {
      return sum(all_at(price, &PricedExchange::at_byte), &Priced::bytes) <= budget;
    });
    WidthDecision chosen = decision(all_at(crossing.above, &PricedExchange::at_byte));
    chosen.met = crossing.found;
    return chosen;
  }

  WidthDecision within_time() const {
    if (!(goal_.value >= 0)) fail_input("a budget of {} seconds: it must not be negative", goal_.value);
    if (seconds_low_ + seconds_range_ <= goal_.value) return at_highest();
    const Crossing crossing = find_crossing(usual_second(), [&](double second) {
      return sum(all_at(second, &PricedExchange::at_second), &Priced::seconds) <= goal_.value;
    });
    WidthDecision chosen = decision(all_at(crossing.above, &PricedExchange::at_second));
    chosen.met = crossing.found;
    return chosen;
  }

  WidthDecision within_error() const {
    if (!(goal_.value >= 0 && goal_.value <= 1)) fail_input("an error of {}: it lies between 0 and 1", goal_.value);
    const Crossing crossing = find_crossing(
        usual_second(), [&](double second) { return error(all_at(second, &PricedExchange::at_second)) > goal_.value; });
    WidthDecision chosen = decision(all_at(crossing.below, &PricedExchange::at_second));
    chosen.round_up = true;
    return chosen;
  }

  WidthDecision within_slack() const {
    if (goal_.hidden_seconds.size() != exchanges_.size()) {
      fail_input("{} hidden seconds are given for {} exchanges", goal_.hidden_seconds.size(), exchanges_.size());
    }
    std::vector<Priced> all;
    bool met = true;
    for (size_t t = 0; t < exchanges_.size(); ++t) {
      const PricedExchange& exchange = exchanges_[t];
      const double hidden = goal_.hidden_seconds[t], guess = in_cost(exchange, usual_second());
      const bool fits = exchange.at_highest().seconds <= hidden;
      if (exchange.range() <= 0) {
        met = met && fits;
        all.push_back(exchange.at_highest());
        continue;
      }
      const double enough = exchange.cost_high() + kEnoughError * exchange.range();
      double price =
          find_crossing(guess, [&](double second) { return exchange.at_second(second).cost > enough; }).below;
      if (!fits) {
        const Crossing crossing =
            find_crossing(guess, [&](double second) { return exchange.at_second(second).seconds <= hidden; });
        met = met && crossing.found;
        price = std::max(price, crossing.above);
      }
      all.push_back(exchange.at_second(price));
    }
    WidthDecision chosen = decision(all);
    chosen.met = met;
    return chosen;
  }

  const AssignerGoal& goal_;
  const SlopeHistograms& histograms_;
  std::vector<PricedExchange> exchanges_;
  int varied_ = 0;  ///< exchanges whose widths make a difference
  double seconds_low_ = 0, seconds_range_ = 0;
};

}  // namespace

WidthDecision decide_widths(const AssignerGoal& goal, const SlopeHistograms& histograms, const Lanes& lanes) {
  return Decider(goal, histograms, lanes).decide();
}

}  // namespace tersegraph
