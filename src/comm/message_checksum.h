#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tersegraph {

/// What tells a message from a damaged one: in each of 8 lanes a sum of words and a sum of those sums (Fletcher 1982),
/// over blocks of 64 KiB, made by all threads of the rank. A change within one word of 8 bytes shows for sure. Damage
/// without a pattern passes about one time in 2^64. Patterns may pass: flipping the highest bits of two words that are
/// an even multiple of 64 bytes apart in a block changes neither sum. Nothing keeps out one who forges a message.
uint64_t message_checksum(std::span<const std::byte> bytes);

}  // namespace tersegraph
