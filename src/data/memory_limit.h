#pragma once

#include <cstdint>
#include <string>

namespace tersegraph {

/// The most bytes that deflate makes out of one: so much longer than the file its contents can be.
constexpr uint64_t kMostPerDeflatedByte = 1032;

/// Errors: InputError when `bytes` are more than this machine's memory, so that a damaged or hostile file cannot bring
/// the machine down by what it announces. `what` starts the message.
void check_fits_in_memory(uint64_t bytes, const std::string& what);

}  // namespace tersegraph
