#include "kernels/positive_bits.h"

#include <limits>

#include "kernels/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/positive_bits.cc"
// clang-format off
#include "hwy/foreach_target.h"  // before all other headers that are compiled for each target
// clang-format on
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// A byte of bits is one vector, or several.
using ByteTag = hn::CappedTag<float, 8>;

void PackPositive(const float* x, int64_t cols, uint8_t* bits) {
  constexpr ByteTag d;
  constexpr int64_t kLanes = hn::MaxLanes(ByteTag());
  int64_t c = 0;
  for (; c + 8 <= cols; c += 8) {
    uint32_t byte = 0;
    for (int64_t part = 0; part < 8; part += kLanes) {
      uint8_t mask[8] = {};
      hn::StoreMaskBits(d, hn::Gt(hn::LoadU(d, x + c + part), hn::Zero(d)), mask);
      byte |= static_cast<uint32_t>(mask[0]) << part;
    }
    bits[c / 8] = static_cast<uint8_t>(byte);
  }
  if (c == cols) return;
  bits[c / 8] = 0;
  for (; c < cols; ++c) bits[c / 8] |= static_cast<uint8_t>((x[c] > 0.0f) << (c % 8));
}

void RestorePositive(const uint8_t* bits, int64_t cols, float* x) {
  constexpr ByteTag d;
  constexpr int64_t kLanes = hn::MaxLanes(ByteTag());
  constexpr float kLeast = std::numeric_limits<float>::min();
  int64_t c = 0;
  for (; c + 8 <= cols; c += 8) {
    for (int64_t part = 0; part < 8; part += kLanes) {
      const uint8_t mask[8] = {static_cast<uint8_t>(bits[c / 8] >> part)};
      const auto positive = hn::Max(hn::LoadU(d, x + c + part), hn::Set(d, kLeast));
      hn::StoreU(hn::IfThenElseZero(hn::LoadMaskBits(d, mask), positive), d, x + c + part);
    }
  }
  for (; c < cols; ++c) x[c] = (bits[c / 8] >> (c % 8) & 1) != 0 ? (x[c] > kLeast ? x[c] : kLeast) : 0.0f;
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(PackPositive);
HWY_EXPORT(RestorePositive);

}  // namespace

void pack_positive(const float* x, int64_t cols, uint8_t* bits) {
  HWY_DYNAMIC_DISPATCH(PackPositive)(x, cols, bits);
}

void restore_positive(const uint8_t* bits, int64_t cols, float* x) {
  HWY_DYNAMIC_DISPATCH(RestorePositive)(bits, cols, x);
}

}  // namespace tersegraph
#endif  // HWY_ONCE
