#include "comm/message_checksum.h"

#include <atomic>
#include <cstring>

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "comm/message_checksum.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// (A vector of one lane is moved as a number, which would have to be aligned.)
template <class D>
HWY_INLINE hn::Vec<D> LoadWords(D d, const uint8_t* from) {
  if constexpr (hn::MaxLanes(D()) > 1) {
    return hn::BitCast(d, hn::LoadU(hn::Repartition<uint8_t, D>(), from));
  } else {
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    return hn::Set(d, word);
  }
}

/// Sums of words and sums of those sums (Fletcher 1982) in 8 lanes, whatever the length of vectors: two additions a
/// vector, which keeps up with the cache. sums: 16, to add to.
void AddStrides(const uint8_t* bytes, int64_t strides, uint64_t* sums) {
  using Words = hn::CappedTag<uint64_t, 8>;
  constexpr Words d;
  constexpr int kLanes = hn::MaxLanes(Words()), kVectors = 8 / kLanes;
  hn::Vec<Words> first[kVectors], second[kVectors];
  for (int k = 0; k < kVectors; ++k) {
    first[k] = hn::LoadU(d, sums + k * kLanes);
    second[k] = hn::LoadU(d, sums + 8 + k * kLanes);
  }
  for (int64_t i = 0; i < strides; ++i) {
    for (int k = 0; k < kVectors; ++k) {
      const auto words = LoadWords(d, bytes + i * 64 + k * kLanes * 8);
      first[k] = hn::Add(first[k], words);
      second[k] = hn::Add(second[k], first[k]);
    }
  }
  for (int k = 0; k < kVectors; ++k) {
    hn::StoreU(first[k], d, sums + k * kLanes);
    hn::StoreU(second[k], d, sums + 8 + k * kLanes);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(AddStrides);

constexpr int64_t kStride = 64, kBlock = 64 << 10;

uint64_t block_sum(const std::byte* bytes, int64_t count, uint64_t seed) {
  uint64_t sums[16] = {};
  const int64_t whole = count / kStride;
  HWY_DYNAMIC_DISPATCH(AddStrides)(reinterpret_cast<const uint8_t*>(bytes), whole, sums);
  if (const int64_t rest = count - whole * kStride; rest > 0) {
    uint8_t last[kStride] = {};
    std::memcpy(last, bytes + whole * kStride, static_cast<size_t>(rest));
    HWY_DYNAMIC_DISPATCH(AddStrides)(last, 1, sums);
  }
  uint64_t sum = mix64(seed ^ mix64(static_cast<uint64_t>(count)));
  for (const uint64_t lane : sums) sum = mix64(sum ^ lane);
  return sum;
}

}  // namespace

uint64_t message_checksum(std::span<const std::byte> bytes) {
  // Each block's sum is keyed by its place, and addition has no order.
  std::atomic<uint64_t> sum = 0;
  parallel_blocks(std::ssize(bytes), kBlock, [&](int64_t begin, int64_t end) {
    sum += block_sum(bytes.data() + begin, end - begin, static_cast<uint64_t>(begin));
  });
  return sum;
}

}  // namespace tersegraph
#endif  // HWY_ONCE
