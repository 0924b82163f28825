#pragma once

#include <cstdint>
#include <span>

namespace tersegraph {

/// Draws one of n numbers with probability proportional to its weight, in constant time and one cache miss (alias
/// method, Vose 1991). The table is a span, so that many of them can lie in one array.
struct AliasSlot {
  uint32_t threshold;  ///< of 2^32: below it `own` is drawn, otherwise `alias`
  int32_t own;
  int32_t alias;
};

/// Fills `slots` to draw `numbers` by `weights` (not negative, not all 0); all three have the same size.
void build_alias_table(std::span<const double> weights, std::span<const int32_t> numbers, std::span<AliasSlot> slots);

/// The number that 64 random bits stand for. `slots` must not be empty.
inline int32_t draw(std::span<const AliasSlot> slots, uint64_t bits) {
  __extension__ using uint128 = unsigned __int128;
  const uint128 product = static_cast<uint128>(bits) * slots.size();
  const AliasSlot& slot = slots[static_cast<uint64_t>(product >> 64)];
  return static_cast<uint32_t>(static_cast<uint64_t>(product) >> 32) < slot.threshold ? slot.own : slot.alias;
}

}  // namespace tersegraph
