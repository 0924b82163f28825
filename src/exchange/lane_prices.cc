#include "exchange/lane_prices.h"

#include <algorithm>
#include <cmath>

namespace tersegraph {

LaneCurve::LaneCurve(const SlopeBins::Lane& lane, int top)
    : top_(top), bytes_above_(SlopeBins::kBins + 1), bought_above_(SlopeBins::kBins + 1) {
  for (int bin = SlopeBins::kBins - 1; bin >= 0; --bin) {
    bytes_above_[bin] = bytes_above_[bin + 1] + lane.bytes()[bin];
    bought_above_[bin] = bought_above_[bin + 1] + lane.bought()[bin];
  }
}

LaneCurve::Point LaneCurve::at(double price) const {
  if (price <= 0) return {0, 1.0, total_bytes(), 0};
  const double end = SlopeBins::edge(SlopeBins::kBins, top_);
  if (price >= end) return {SlopeBins::kBins, 0, 0, 0};
  const int bin = std::min(SlopeBins::bin(static_cast<float>(price), top_), SlopeBins::kBins - 1);
  const double low = SlopeBins::edge(bin, top_), high = SlopeBins::edge(bin + 1, top_);
  const double here = bytes_above_[bin] - bytes_above_[bin + 1];
  const double share = std::clamp((high - price) / (high - low), 0.0, 1.0);
  return {bin, share, bytes_above_[bin + 1] + share * here, here / (high - low)};
}

double LaneCurve::bought(const Point& point) const {
  if (point.bin == SlopeBins::kBins) return 0;
  const double above = bought_above_[point.bin + 1];
  return above + point.share * (bought_above_[point.bin] - above);
}

double LaneCurve::excess(double price) const {
  if (price <= 0) return total_bought() - price * total_bytes();
  const Point point = at(price);
  if (point.bin == SlopeBins::kBins) return 0;
  const int above = point.bin + 1;
  const double steeper = bought_above_[above] - price * bytes_above_[above];
  const double here = bytes_above_[point.bin] - bytes_above_[above];
  if (here <= 0) return steeper;
  // The slopes of the bin have a known mean; what exceeds the price is most where they lie at the bin's two ends.
  const double low = SlopeBins::edge(point.bin, top_), high = SlopeBins::edge(above, top_);
  const double mean = (bought_above_[point.bin] - bought_above_[above]) / here;
  const double at_high = std::clamp((mean - low) / (high - low), 0.0, 1.0);
  return steeper + here * at_high * (high - price);
}

Lanes::Lanes(const LinkModel& links, std::span<const int> host_of, Schedule schedule) {
  const int ranks = static_cast<int>(host_of.size());
  const bool ring = schedule == Schedule::ring;
  places_ = ring ? ranks : links.hosts();
  for (int r = 0; r < ranks; ++r) place_.push_back(ring ? r : host_of[r]);
  for (int from = 0; from < places_; ++from) {
    for (int to = 0; to < places_; ++to) {
      links_.push_back(ring ? links.link(host_of[from], host_of[to]) : links.link(from, to));
    }
  }
  if (ring) {
    for (int r = 1; r < ranks; ++r) {
      Round round{ranks, {}};
      for (int k = 0; k < ranks; ++k) round.members.push_back({lane(k, (k + r) % ranks), k, -1});
      rounds_.push_back(std::move(round));
    }
    return;
  }
  Round round{2 * places_, {}};
  for (int from = 0; from < places_; ++from) {
    for (int to = 0; to < places_; ++to) round.members.push_back({from * places_ + to, from, places_ + to});
  }
  rounds_.push_back(std::move(round));
}

std::vector<int> Lanes::from(int rank) const {
  std::vector<int> lanes;
  for (size_t q = 0; q < place_.size(); ++q) lanes.push_back(lane(rank, static_cast<int>(q)));
  return lanes;
}

double Lanes::seconds(std::span<const LinkLoad> loads) const {
  double total = 0;
  std::vector<double> seconds;
  for (const Round& round : rounds_) {
    seconds.assign(round.loads, 0.0);
    for (const Round::Member& member : round.members) {
      const double lane = links_[member.lane].seconds(loads[member.lane].bytes, loads[member.lane].messages);
      seconds[member.first] += lane;
      if (member.second >= 0) seconds[member.second] += lane;
    }
    total += *std::max_element(seconds.begin(), seconds.end());
  }
  return total;
}

namespace {

/// The barrier method on the dual of one round.
class RoundSolver {
 public:
  RoundSolver(const Round& round, const Lanes& lanes, std::span<const LaneCurve> curves, std::span<const double> fixed,
              double second)
      : round_(round),
        lanes_(lanes),
        curves_(curves),
        fixed_(fixed),
        second_(second),
        size_(round.loads),
        mu_(size_, second / size_),
        loads_(size_),
        curvature_(static_cast<size_t>(size_) * size_) {}

  const std::vector<double>& solve() {
    load_at(mu_);
    double barrier = second_ * *std::max_element(loads_.begin(), loads_.end()) / size_;
    for (int level = 0; level < 7 && barrier > 0; ++level) {
      barrier *= 0.1;
      for (int step = 0; step < 40 && newton_step(barrier); ++step) {
      }
    }
    return mu_;
  }

 private:
  double price(const Round::Member& member, const std::vector<double>& mu) const {
    return lanes_.link(member.lane).theta * (mu[member.first] + (member.second < 0 ? 0 : mu[member.second]));
  }

  /// loads_ = the seconds of each load at the prices mu: the gradient of the dual.
  void load_at(const std::vector<double>& mu) {
    std::fill(loads_.begin(), loads_.end(), 0.0);
    for (const Round::Member& member : round_.members) {
      const double theta = lanes_.link(member.lane).theta;
      const double seconds = fixed_[member.lane] + theta * curves_[member.lane].at(price(member, mu)).bytes;
      loads_[member.first] += seconds;
      if (member.second >= 0) loads_[member.second] += seconds;
    }
  }

  /// curvature_ = barrier I - diag(mu) D'' diag(mu): of the dual in the logarithms of mu, well scaled where a load is
  /// far below Z and its mu next to nothing.
  void curve_at(double barrier) {
    std::fill(curvature_.begin(), curvature_.end(), 0.0);
    const auto entry = [&](int i, int j) -> double& { return curvature_[static_cast<size_t>(i) * size_ + j]; };
    for (int k = 0; k < size_; ++k) entry(k, k) = barrier;
    for (const Round::Member& member : round_.members) {
      const double theta = lanes_.link(member.lane).theta;
      const double bend = theta * theta * curves_[member.lane].at(price(member, mu_)).per_price;
      const int a = member.first, b = member.second;
      entry(a, a) += mu_[a] * mu_[a] * bend;
      if (b < 0) continue;
      entry(b, b) += mu_[b] * mu_[b] * bend;
      entry(std::max(a, b), std::min(a, b)) += mu_[a] * mu_[b] * bend;
    }
  }

  /// Cholesky factor of curvature_ in its lower triangle.
  void factor() {
    for (int j = 0; j < size_; ++j) {
      double* const row = curvature_.data() + static_cast<size_t>(j) * size_;
      for (int i = 0; i <= j; ++i) {
        const double* const other = curvature_.data() + static_cast<size_t>(i) * size_;
        double sum = row[i];
        for (int k = 0; k < i; ++k) sum -= row[k] * other[k];
        row[i] = i == j ? std::sqrt(std::max(sum, 1e-300)) : sum / other[i];
      }
    }
  }

  void substitute(std::vector<double>& x) const {
    for (int i = 0; i < size_; ++i) {
      for (int k = 0; k < i; ++k) x[i] -= curvature_[static_cast<size_t>(i) * size_ + k] * x[k];
      x[i] /= curvature_[static_cast<size_t>(i) * size_ + i];
    }
    for (int i = size_ - 1; i >= 0; --i) {
      for (int k = i + 1; k < size_; ++k) x[i] -= curvature_[static_cast<size_t>(k) * size_ + i] * x[k];
      x[i] /= curvature_[static_cast<size_t>(i) * size_ + i];
    }
  }

  /// How fast the barrier function rises along `step` at mu + t step.
  double rise(const std::vector<double>& step, double t, double barrier) {
    trial_.resize(size_);
    for (int k = 0; k < size_; ++k) trial_[k] = mu_[k] + t * step[k];
    load_at(trial_);
    double rise = 0;
    for (int k = 0; k < size_; ++k) rise += (loads_[k] + barrier / trial_[k]) * step[k];
    return rise;
  }

  /// False once mu is at the barrier's centre.
  bool newton_step(double barrier) {
    load_at(mu_);
    curve_at(barrier);
    factor();
    step_.resize(size_), ones_ = mu_;
    for (int k = 0; k < size_; ++k) step_[k] = mu_[k] * loads_[k] + barrier;
    substitute(step_);
    substitute(ones_);
    double along = 0, norm = 0;
    for (int k = 0; k < size_; ++k) along += mu_[k] * step_[k], norm += mu_[k] * ones_[k];
    double longest = 1;
    for (int k = 0; k < size_; ++k) {
      step_[k] -= along / norm * ones_[k];  // so that the sum of mu stays
      longest = std::min(longest, step_[k] < 0 ? 0.95 / -step_[k] : 1.0);
      step_[k] *= mu_[k];
    }
    const double start = rise(step_, 0, barrier);
    if (!(start > 1e-4 * barrier)) return false;
    // Concave along the step: halve where it has come to fall as steeply as it rose.
    double t = longest;
    for (int halving = 0; halving < 30 && rise(step_, t, barrier) < -0.5 * start; ++halving) t /= 2;
    double sum = 0;
    for (int k = 0; k < size_; ++k) sum += mu_[k] += t * step_[k];
    for (double& mu : mu_) mu *= second_ / sum;
    return true;
  }

  const Round& round_;
  const Lanes& lanes_;
  std::span<const LaneCurve> curves_;
  std::span<const double> fixed_;
  double second_;
  int size_;
  std::vector<double> mu_, loads_, curvature_, step_, ones_, trial_;
};

}  // namespace

double price_round(const Round& round, const Lanes& lanes, std::span<const LaneCurve> curves,
                   std::span<const double> fixed, double second, std::span<double> prices) {
  RoundSolver solver(round, lanes, curves, fixed, second);
  const std::vector<double>& mu = solver.solve();
  double fixed_cost = 0;
  for (const Round::Member& member : round.members) {
    const double sum = mu[member.first] + (member.second < 0 ? 0 : mu[member.second]);
    prices[member.lane] = lanes.link(member.lane).theta * sum;
    fixed_cost += sum * fixed[member.lane];
  }
  return fixed_cost;
}

}  // namespace tersegraph
