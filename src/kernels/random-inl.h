// Vectors of the random numbers of base/rng.h: the same numbers, lane by lane.
//
// Random numbers come as 32-bit words of which each serves two columns. Columns go in groups of 32; group g owns the
// words 16 g .. 16 g + 15, and word 16 g + w serves
//   column 32 g + w       with its low 16 bits,
//   column 32 g + 16 + w  with its high 16 bits.
// So one vector of words yields two vectors of columns, 16 columns apart, whatever the vector length (a power of two <=
// 16):
//
//   const auto words = RandomWords(du, row_key, 16 * g + w);   // w a multiple of Lanes(du)
//   LowHalves(du, words)    // columns 32 g + w ...
//   HighHalves(words)       // columns 32 g + 16 + w ...
//
// A kernel that goes by single vectors (a tail) calls Random16 instead.

#if defined(TERSEGRAPH_KERNELS_RANDOM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSEGRAPH_KERNELS_RANDOM_INL_H_
#undef TERSEGRAPH_KERNELS_RANDOM_INL_H_
#else
#define TERSEGRAPH_KERNELS_RANDOM_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// From the counter of a word to the next's.
constexpr uint32_t kWordStep = 0x9E3779B9u;

/// Lane i is the counter of word + i, from which MixCounters makes the word. DU: any tag of uint32_t.
template <class DU>
HWY_INLINE hn::Vec<DU> WordCounters(DU du, uint64_t row_key, uint32_t word) {
  const auto steps = hn::Mul(hn::Iota(du, 0u), hn::Set(du, kWordStep));
  return hn::Add(steps, hn::Set(du, static_cast<uint32_t>(row_key) + word * kWordStep));
}

template <class DU>
HWY_INLINE hn::Vec<DU> MixCounters(DU du, uint64_t row_key, hn::Vec<DU> x) {
  x = hn::Xor(x, hn::ShiftRight<16>(x));
  x = hn::Mul(x, hn::Set(du, 0x21F0AAADu));
  x = hn::Xor(x, hn::ShiftRight<15>(x));
  x = hn::Add(x, hn::Set(du, static_cast<uint32_t>(row_key >> 32)));
  x = hn::Xor(x, hn::ShiftRight<16>(x));
  x = hn::Mul(x, hn::Set(du, 0x735A2D97u));
  return hn::Xor(x, hn::ShiftRight<15>(x));
}

/// Lane i is random_word(row_key, word + i).
template <class DU>
HWY_INLINE hn::Vec<DU> RandomWords(DU du, uint64_t row_key, uint32_t word) {
  return MixCounters(du, row_key, WordCounters(du, row_key, word));
}

template <class DU>
HWY_INLINE hn::Vec<DU> LowHalves(DU du, hn::Vec<DU> words) {
  return hn::And(words, hn::Set(du, 0xFFFFu));
}

template <class VU>
HWY_INLINE VU HighHalves(VU words) {
  return hn::ShiftRight<16>(words);
}

/// Lane i is random16(row_key, column + i). `column` is a multiple of Lanes(du), which is at most 16.
template <class DU>
HWY_INLINE hn::Vec<DU> Random16(DU du, uint64_t row_key, int64_t column) {
  static_assert(hn::MaxLanes(DU()) <= 16);
  const auto words = RandomWords(du, row_key, static_cast<uint32_t>(column / 32 * 16 + column % 16));
  return column % 32 < 16 ? LowHalves(du, words) : HighHalves(words);
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#endif  // TERSEGRAPH_KERNELS_RANDOM_INL_H_
