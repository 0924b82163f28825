#include "kernels/two_branch.h"

#include <algorithm>

#include "kernels/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/two_branch.cc"
// clang-format off
#include "hwy/foreach_target.h"  // before all other headers that are compiled for each target
// clang-format on
#include "hwy/highway.h"
#include "kernels/row_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE RowVector Square(RowVector x) {
  return hn::Mul(x, x);
}

void TwoBranchMinimum(float slope, const float* HWY_RESTRICT h, const float* HWY_RESTRICT q, float* HWY_RESTRICT z,
                      int64_t count) {
  const RowTag d;
  const auto zero = hn::Zero(d), third = hn::Set(d, 1.0f / 3.0f);
  const auto incline = hn::Set(d, slope), share = hn::Set(d, 1.0f / (2.0f + slope * slope));
  ForColumns(0, count, [&](int64_t i, auto io) HWY_ATTR {
    const auto hi = io.Load(h + i), qi = io.Load(q + i), old = io.Load(z + i), sum = hn::Add(hi, old);
    const auto below = hn::Min(hn::Mul(hn::Add(sum, hn::Mul(incline, qi)), share), zero);
    const auto above = hn::Max(hn::Mul(hn::Add(sum, qi), third), zero);
    const auto pulls = [&](RowVector at, RowVector f) HWY_ATTR {
      return hn::Add(hn::Add(Square(hn::Sub(at, hi)), Square(hn::Sub(at, old))), Square(hn::Sub(qi, f)));
    };
    const auto take_below = hn::Lt(pulls(below, hn::Mul(incline, below)), pulls(above, above));
    // A NaN, which Min and Max may lose, goes on.
    io.Store(hn::Add(hn::IfThenElse(take_below, below, above), hn::Mul(hn::Add(sum, qi), zero)), z + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(TwoBranchMinimum);

}  // namespace

void two_branch_minimum(float slope, const float* h, const float* q, float* z, int64_t count) {
  HWY_DYNAMIC_DISPATCH(TwoBranchMinimum)(slope, h, q, z, count);
}

void two_branch_minimum_reference(float slope, const float* h, const float* q, float* z, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float old = z[i];
    const float below = std::min((h[i] + old + slope * q[i]) / (2.0f + slope * slope), 0.0f);
    const float above = std::max((h[i] + old + q[i]) / 3.0f, 0.0f);
    const auto pulls = [&](float at, float f) {
      return (at - h[i]) * (at - h[i]) + (at - old) * (at - old) + (q[i] - f) * (q[i] - f);
    };
    z[i] = pulls(below, slope * below) < pulls(above, above) ? below : above;
  }
}

}  // namespace tersegraph
#endif  // HWY_ONCE
