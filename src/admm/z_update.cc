#include "admm/z_update.h"

#include <algorithm>
#include <cmath>

#include "admm/elements.h"
#include "admm/nonlinearity.h"
#include "kernels/two_branch.h"

namespace tersegraph {
namespace {

// f is flat beyond +-8 to within fp32's last bits.
constexpr float kTableLow = -8.0f, kTableStep = 0.25f;
constexpr int kTableSize = 65, kRefinements = 12;

}  // namespace

HiddenUpdate::HiddenUpdate(Nonlinearity f) : f_(f) {
  if (f == Nonlinearity::relu || f == Nonlinearity::leaky_relu) return;
  for (int k = 0; k < kTableSize; ++k) table_.push_back(activate(f, kTableLow + static_cast<float>(k) * kTableStep));
}

void HiddenUpdate::operator()(ConstMatrixView h, ConstMatrixView q, MatrixView z) const {
  parallel_elements(z.size(), [&](int64_t begin, int64_t end) {
    if (f_ == Nonlinearity::relu || f_ == Nonlinearity::leaky_relu) {
      const float slope = f_ == Nonlinearity::relu ? 0.0f : kLeakySlope;
      return two_branch_minimum(slope, h.data + begin, q.data + begin, z.data + begin, end - begin);
    }
    for (int64_t i = begin; i < end; ++i) z.data[i] = search(h.data[i], q.data[i], z.data[i]);
  });
}

float HiddenUpdate::search(float h, float q, float old) const {
  const auto value = [&](float z, float fz) { return (z - h) * (z - h) + (z - old) * (z - old) + (q - fz) * (q - fz); };
  // Outside the table f is flat: there the middle of h and old, and the old value itself, are what can be better.
  float best = old, least = value(old, activate(f_, old));
  const auto consider = [&](float z, float fz) {
    const float at = value(z, fz);
    if (at < least) best = z, least = at;
  };
  consider((h + old) / 2.0f, activate(f_, (h + old) / 2.0f));
  for (int k = 0; k < kTableSize; ++k) consider(kTableLow + static_cast<float>(k) * kTableStep, table_[k]);
  float length = 1.0f;
  for (int step = 0; step < kRefinements; ++step) {
    const float slope = activation_slope(f_, best), before = least;
    const float gradient = 2.0f * best - h - old - (q - activate(f_, best)) * slope;
    const float next =
        best - length * gradient / (2.0f + slope * slope);  // Gauss and Newton's curvature: never negative
    consider(next, activate(f_, next));
    if (!(least < before)) length *= 0.5f;
  }
  return best;
}

}  // namespace tersegraph
