#include "exchange/width_ladder.h"

#include <cmath>

#include "base/error.h"
#include "kernels/row_codec.h"

namespace tersegraph {
namespace {

constexpr int64_t kParamsBytes = 4;

double slope(const WidthLadder::Rung& from, const WidthLadder::Rung& to) {
  return (from.variance - to.variance) / static_cast<double>(to.bytes - from.bytes);
}

bool usable(float cost) {
  return cost >= 0 && cost <= std::numeric_limits<float>::max();
}

void check_costs(std::span<const float> costs, const char* what) {
  bool good = true;
  for (const float cost : costs) good &= usable(cost);
  if (good) return;
  for (size_t i = 0; i < costs.size(); ++i) {
    if (!usable(costs[i])) {
      fail_run("message {} has the {} {}: the rows to send are no longer finite, so training has diverged", i, what,
               costs[i]);
    }
  }
}

}  // namespace

int64_t row_bytes(int bits, int64_t cols) {
  if (bits == 0) return 0;
  return payload_bytes(bits, cols) + (bits <= 8 ? kParamsBytes : 0);
}

WidthLadder::WidthLadder(std::span<const int> widths, int64_t cols) {
  std::vector<Rung> points;
  for (const int bits : widths) {
    if (bits < 0 || bits > 8) fail_input("width {}: a message can get 0 to 8 bits a value", bits);
    if (bits == 0) {
      may_drop_ = true;
      continue;
    }
    const double levels = std::exp2(bits) - 1;
    points.push_back({.bits = bits, .bytes = row_bytes(bits, cols), .variance = 1 / (levels * levels)});
  }
  if (points.empty()) fail_input("no width from 1 to 8 is given to choose from");
  std::sort(points.begin(), points.end(),
            [](const Rung& a, const Rung& b) { return a.bytes != b.bytes ? a.bytes < b.bytes : a.bits > b.bits; });
  for (const Rung& point : points) {
    if (!rungs_.empty() && point.variance >= rungs_.back().variance) continue;
    while (rungs_.size() > 1 && slope(rungs_.back(), point) >= slope(rungs_[rungs_.size() - 2], rungs_.back())) {
      rungs_.pop_back();
    }
    rungs_.push_back(point);
  }
  for (Rung& rung : rungs_) {
    rung.single_variance = static_cast<float>(rung.variance);
    rung.per_byte = 1 / static_cast<float>(rung.bytes);
  }
  for (size_t k = 1; k < rungs_.size(); ++k) {
    rungs_[k].step_bytes = rungs_[k].bytes - rungs_[k - 1].bytes;
    rungs_[k].slope = static_cast<float>(slope(rungs_[k - 1], rungs_[k]));
  }
}

float steepest_step(const WidthLadder& ladder, const MessageCosts& costs) {
  check_costs(costs.weights, "cost");
  check_costs(costs.norms, "squared norm");
  const auto rungs = ladder.rungs();
  if (rungs.size() == 1 && !ladder.may_drop()) return 0;
  float most = 0;
  for (const float cost : ladder.may_drop() ? costs.norms : costs.weights) most = std::max(most, cost);
  return most * (ladder.may_drop() ? rungs[0].per_byte : rungs[1].slope);
}

}  // namespace tersegraph
