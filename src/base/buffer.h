#pragma once

#include <cstddef>
#include <cstdint>

namespace tersegraph {

/// Uninitialised memory, 64-byte aligned, movable, never copied. Blocks of 2 MiB or more are aligned to huge pages and
/// ask for them, since page faults and TLB misses cost more than the arithmetic on most machines.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes) { reserve(bytes); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer();

  /// Makes room for `bytes`. Keeps the block when it is large enough; otherwise the old contents are lost.
  void reserve(size_t bytes);
  void swap(Buffer& other) noexcept;

  std::byte* data() const { return data_; }
  size_t capacity() const { return capacity_; }

 private:
  std::byte* data_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace tersegraph
