#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tersegraph {

/// Bytes of known number that are read once, from the first on. Errors: InputError for a file that is damaged.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual void fill(std::span<std::byte> out) = 0;
  virtual void skip(uint64_t bytes) = 0;
  /// To be called behind the last byte: checks what can only be checked there.
  virtual void finish() = 0;
};

}  // namespace tersegraph
