#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tersegraph {

/// What tells a message from a damaged one: sums of blocks (base/checksum.h), made by all threads of the rank. A change
/// within one word of 8 bytes shows for sure, any other with a chance of 1 - 2^-64.
uint64_t message_checksum(std::span<const std::byte> bytes);

}  // namespace tersegraph
