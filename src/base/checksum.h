#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/rng.h"

namespace tersegraph {

/// 64 bits that tell byte strings apart as long as nobody forges them: every change within one word shows for sure, any
/// other with a chance of 1 - 2^-64. As fast as memory.
inline uint64_t checksum(std::span<const std::byte> bytes, uint64_t seed = 0) {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15ull;
  constexpr size_t kLanes = 4, kBlock = kLanes * sizeof(uint64_t);
  uint64_t lanes[kLanes] = {seed, seed + 1, seed + 2, seed + 3};
  const auto take = [](uint64_t& lane, uint64_t word) { lane = std::rotl((lane ^ word) * kOdd, 31); };
  size_t at = 0;
  for (; at + kBlock <= bytes.size(); at += kBlock) {
    uint64_t words[kLanes];
    std::memcpy(words, bytes.data() + at, kBlock);
    for (size_t i = 0; i < kLanes; ++i) take(lanes[i], words[i]);
  }
  for (; at < bytes.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    const size_t left = bytes.size() - at;
    std::memcpy(&word, bytes.data() + at, left < sizeof word ? left : sizeof word);
    take(lanes[0], word);
  }
  uint64_t sum = mix64(bytes.size());
  for (const uint64_t lane : lanes) sum = mix64(sum ^ lane);
  return sum;
}

}  // namespace tersegraph
