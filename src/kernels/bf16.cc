#include "kernels/bf16.h"

#include "base/parallel.h"
#include "kernels/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bf16.cc"
// clang-format off
#include "hwy/foreach_target.h"  // before all other headers that are compiled for each target
// clang-format on
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void RoundToBf16(const float* x, Bf16* out, int64_t count) {
  constexpr hn::ScalableTag<uint32_t> du;
  constexpr hn::RebindToSigned<decltype(du)> di;
  constexpr hn::Rebind<Bf16, decltype(du)> d16;
  constexpr int64_t kLanes = hn::MaxLanes(hn::ScalableTag<uint32_t>());
  const auto quiet = hn::Set(du, 0x400000), half = hn::Set(du, 0x7FFF), one = hn::Set(du, 1);
  int64_t k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    const auto bits = hn::LoadU(du, reinterpret_cast<const uint32_t*>(x + k));
    const auto magnitude = hn::BitCast(di, hn::And(bits, hn::Set(du, 0x7FFFFFFF)));
    const auto nan = hn::RebindMask(du, hn::Gt(magnitude, hn::Set(di, 0x7F800000)));
    const auto rounded = hn::Add(bits, hn::Add(half, hn::And(hn::ShiftRight<16>(bits), one)));
    const auto upper = hn::ShiftRight<16>(hn::IfThenElse(nan, hn::Or(bits, quiet), rounded));
    hn::StoreU(hn::TruncateTo(d16, upper), d16, out + k);
  }
  for (; k < count; ++k) out[k] = to_bf16(x[k]);
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(RoundToBf16);

constexpr int64_t kBlock = 1 << 14;

}  // namespace

void to_bf16(const float* x, Bf16* out, int64_t count) {
  HWY_DYNAMIC_DISPATCH(RoundToBf16)(x, out, count);
}

void to_bf16(ConstMatrixView x, Bf16* out) {
  parallel_blocks(x.size(), kBlock,
                  [&](int64_t begin, int64_t end) { to_bf16(x.data + begin, out + begin, end - begin); });
}

}  // namespace tersegraph
#endif  // HWY_ONCE
