#pragma once

#include <cstddef>
#include <cstdint>

namespace tersegraph {

/// Random numbers by counter: a number is a pure function of what it is for, so dropout and stochastic rounding do not
/// depend on the partition, on the thread count or on the order of work, and nothing has to be stored to draw them
/// again.
enum class Purpose : uint64_t { dropout = 1, input_dropout, rounding, init, split, generator, features, shuffle, kept_rows };

/// Which exchange or pass a number belongs to. Backward rows are partial sums that differ by sender, so the sender
/// counts.
struct Direction {
  uint64_t value = 0;
  static constexpr Direction forward() { return {0}; }
  static constexpr Direction backward(int sender_rank = 0) { return {static_cast<uint64_t>(sender_rank) + 1}; }
};

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection on 64 bits that passes BigCrush as a counter
/// generator.
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

/// One pass over rows: everything of the key but the row and the column.
struct StreamKey {
  uint64_t value = 0;

  constexpr StreamKey() = default;
  constexpr StreamKey(uint64_t seed, Purpose purpose, Direction direction = {}, int64_t epoch = 0, int64_t layer = 0)
      : value(mix64(mix64(mix64(mix64(mix64(seed) ^ static_cast<uint64_t>(purpose)) ^ direction.value) ^
                          static_cast<uint64_t>(epoch)) ^
                    static_cast<uint64_t>(layer))) {}

  /// 64 well-mixed bits for one row (a node's global id, or any counter).
  constexpr uint64_t row(int64_t id) const { return mix64(value ^ mix64(static_cast<uint64_t>(id))); }
};

/// 32 random bits, number `word` of the row: two multiplications, so that SIMD kernels can afford them
/// (kernels/random-inl.h computes the same). Unbiasedness is tested in tests/base/rng_test.cc.
constexpr uint32_t random_word(uint64_t row_key, uint32_t word) {
  uint32_t x = static_cast<uint32_t>(row_key) + word * 0x9E3779B9u;
  x ^= x >> 16;
  x *= 0x21F0AAADu;
  x ^= x >> 15;
  x += static_cast<uint32_t>(row_key >> 32);
  x ^= x >> 16;
  x *= 0x735A2D97u;
  return x ^ (x >> 15);
}

/// The 16 random bits of a column. Word w of a group of 32 columns serves columns w (low half) and 16 + w (high half),
/// which suits vectors of any length up to 16.
constexpr uint32_t random16(uint64_t row_key, int64_t column) {
  const uint32_t word = static_cast<uint32_t>(column / 32 * 16 + column % 16);
  return column % 32 < 16 ? random_word(row_key, word) & 0xFFFF : random_word(row_key, word) >> 16;
}

/// A uniform number in [0, 1) with 53 bits.
constexpr double uniform01(uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

/// A sequence for serial use (generators, splits, tests).
class Random {
 public:
  explicit constexpr Random(StreamKey key) : key_(key) {}
  constexpr Random(uint64_t seed, Purpose purpose) : key_(seed, purpose) {}

  constexpr uint64_t bits() { return key_.row(counter_++); }
  constexpr double uniform() { return uniform01(bits()); }
  /// Uniform in 0..n-1 (n > 0), by multiplication; the bias is below n / 2^64.
  constexpr int64_t below(int64_t n) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<int64_t>((static_cast<Wide>(bits()) * static_cast<uint64_t>(n)) >> 64);
  }
  double normal();

 private:
  StreamKey key_;
  int64_t counter_ = 0;
};

/// A standard normal number from 64 random bits (Box-Muller).
double normal_from_bits(uint64_t bits);

}  // namespace tersegraph
