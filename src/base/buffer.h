#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tersegraph {

/// Uninitialised memory, 64-byte aligned, movable, never copied. Blocks of 2 MiB or more are aligned to huge pages and
/// ask for them, since page faults and TLB misses cost more than the arithmetic on most machines.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes) { reserve(bytes); }
  /// Memory of another owner, who keeps it as long as this does. It is not to be written: reserve() lets go of it.
  Buffer(const void* data, std::shared_ptr<const void> owner);
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
  bool borrowed() const { return owner_ != nullptr; }

 private:
  void release();

  std::byte* data_ = nullptr;
  size_t capacity_ = 0;
  std::shared_ptr<const void> owner_;  ///< of memory that is not ours
};

}  // namespace tersegraph
