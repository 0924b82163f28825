// Packs and unpacks the planes of encoded rows (see payload_bytes in kernels/row_codec.h) by vectors of bytes.

#if defined(TERSEGRAPH_KERNELS_ROW_PLANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSEGRAPH_KERNELS_ROW_PLANES_INL_H_
#undef TERSEGRAPH_KERNELS_ROW_PLANES_INL_H_
#else
#define TERSEGRAPH_KERNELS_ROW_PLANES_INL_H_
#endif

#include <bit>
#include <cstdint>
#include <utility>

#include "hwy/highway.h"
#include "kernels/row_planes.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Bytes are shifted as pairs: the masks drop what comes over from the neighbour.
template <int kBits, class D8>
HWY_INLINE hn::Vec<D8> ShiftBytesRight(D8 d, hn::Vec<D8> v) {
  if constexpr (kBits == 0) return v;
  const hn::Repartition<uint16_t, D8> d16;
  return hn::BitCast(d, hn::ShiftRight<kBits>(hn::BitCast(d16, v)));
}

template <int kBits, class D8>
HWY_INLINE hn::Vec<D8> ShiftBytesLeft(D8 d, hn::Vec<D8> v) {
  if constexpr (kBits == 0) return v;
  const hn::Repartition<uint16_t, D8> d16;
  return hn::BitCast(d, hn::ShiftLeft<kBits>(hn::BitCast(d16, v)));
}

template <int kWidth, int kShift, class D8, size_t... J>
HWY_INLINE void PackVectors(D8 d, const uint8_t* codes, int64_t bytes, uint8_t* plane, std::index_sequence<J...>) {
  constexpr int64_t kLanes = hn::MaxLanes(D8());
  const auto mask = hn::Set(d, static_cast<uint8_t>((1 << kWidth) - 1));
  for (int64_t next = 0; next < bytes; next += kLanes) {
    const int64_t k = HWY_MIN(next, bytes - kLanes);
    auto sum = hn::Zero(d);
    ((sum = hn::Or(sum, ShiftBytesLeft<J * kWidth>(
                            d, hn::And(ShiftBytesRight<kShift>(d, hn::LoadU(d, codes + J * bytes + k)), mask)))),
     ...);
    hn::StoreU(sum, d, plane + k);
  }
}

template <int kWidth, int kShift, class D8, size_t... J>
HWY_INLINE void UnpackVectors(D8 d, const uint8_t* plane, int64_t bytes, uint8_t* codes, std::index_sequence<J...>) {
  constexpr int64_t kLanes = hn::MaxLanes(D8());
  const auto mask = hn::Set(d, static_cast<uint8_t>((1 << kWidth) - 1));
  for (int64_t next = 0; next < bytes; next += kLanes) {
    const int64_t k = HWY_MIN(next, bytes - kLanes);
    const auto packed = hn::LoadU(d, plane + k);
    const auto part = [&](auto shifted, uint8_t* out) HWY_ATTR {
      const auto bits = ShiftBytesLeft<kShift>(d, hn::And(shifted, mask));
      hn::StoreU(kShift == 0 ? bits : hn::Or(bits, hn::LoadU(d, out)), d, out);
    };
    (part(ShiftBytesRight<J * kWidth>(d, packed), codes + J * bytes + k), ...);
  }
}

/// Calls `vectors` with the longest vector that fits into `bytes`, or `scalar` where none does. The last vector
/// overlaps the one before, so that nothing is touched beyond a plane; doing bytes twice changes nothing.
constexpr size_t ShorterVector(size_t lanes) {
  return lanes > 16 ? 16 : 4;
}

template <int kWidth, int kShift, size_t kLanes = hn::MaxLanes(hn::ScalableTag<uint8_t>())>
void PackPlane(const uint8_t* codes, int64_t bytes, uint8_t* plane) {
  if constexpr (kLanes < 4) {
    pack_plane<kWidth, kShift>(codes, bytes, plane);
  } else if (bytes >= static_cast<int64_t>(kLanes)) {
    PackVectors<kWidth, kShift>(hn::CappedTag<uint8_t, kLanes>(), codes, bytes, plane,
                                std::make_index_sequence<8 / kWidth>());
  } else {
    PackPlane<kWidth, kShift, (kLanes > 4 ? ShorterVector(kLanes) : 1)>(codes, bytes, plane);
  }
}

template <int kWidth, int kShift, size_t kLanes = hn::MaxLanes(hn::ScalableTag<uint8_t>())>
void UnpackPlane(const uint8_t* plane, int64_t bytes, uint8_t* codes) {
  if constexpr (kLanes < 4) {
    unpack_plane<kWidth, kShift>(plane, bytes, codes);
  } else if (bytes >= static_cast<int64_t>(kLanes)) {
    UnpackVectors<kWidth, kShift>(hn::CappedTag<uint8_t, kLanes>(), plane, bytes, codes,
                                  std::make_index_sequence<8 / kWidth>());
  } else {
    UnpackPlane<kWidth, kShift, (kLanes > 4 ? ShorterVector(kLanes) : 1)>(plane, bytes, codes);
  }
}

/// All planes of a row of kBits bits, the widest first.
template <int kBits, int kShift = 0>
void PackRow(const uint8_t* codes, int64_t cols, uint8_t* payload) {
  constexpr int kWidth = static_cast<int>(std::bit_floor(static_cast<unsigned>(kBits)));
  const int64_t bytes = (cols * kWidth + 7) / 8;
  PackPlane<kWidth, kShift>(codes, bytes, payload);
  if constexpr (kBits > kWidth) PackRow<kBits - kWidth, kShift + kWidth>(codes, cols, payload + bytes);
}

template <int kBits, int kShift = 0>
void UnpackRow(const uint8_t* payload, int64_t cols, uint8_t* codes) {
  constexpr int kWidth = static_cast<int>(std::bit_floor(static_cast<unsigned>(kBits)));
  const int64_t bytes = (cols * kWidth + 7) / 8;
  UnpackPlane<kWidth, kShift>(payload, bytes, codes);
  if constexpr (kBits > kWidth) UnpackRow<kBits - kWidth, kShift + kWidth>(payload + bytes, cols, codes);
}

/// kBits is 1 .. 7 (a row of 8 bits is its codes).
template <int kBits = 7>
HWY_INLINE void PackCodes(int bits, const uint8_t* codes, int64_t cols, uint8_t* payload) {
  if constexpr (kBits > 1) {
    if (bits != kBits) return PackCodes<kBits - 1>(bits, codes, cols, payload);
  }
  PackRow<kBits>(codes, cols, payload);
}

template <int kBits = 7>
HWY_INLINE void UnpackCodes(int bits, const uint8_t* payload, int64_t cols, uint8_t* codes) {
  if constexpr (kBits > 1) {
    if (bits != kBits) return UnpackCodes<kBits - 1>(bits, payload, cols, codes);
  }
  UnpackRow<kBits>(payload, cols, codes);
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#endif  // TERSEGRAPH_KERNELS_ROW_PLANES_INL_H_
