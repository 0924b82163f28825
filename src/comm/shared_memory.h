#pragma once

#include <cstddef>

#include "comm/channel.h"

namespace tersegraph {

/// Memory that the ranks of `channel`, all on one machine, read and write together: processes or threads.
class SharedMemory {
 public:
  explicit SharedMemory(Channel& channel) : channel_(channel) {}
  ~SharedMemory() { release(); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  /// At least `bytes` bytes, from a page's start on. Collective, with the same number on all; where there are as many
  /// already nothing is done, otherwise what stood there is lost. Errors: RunError when there are no addresses for it
  /// (ulimit -v), or when the ranks do not reach each other's; the kernel ends processes that lack the memory itself.
  std::byte* reserve(size_t bytes);
  size_t size() const { return size_; }
  /// This rank is done with it; the others keep it until they release it too, which they must.
  void release();

 private:
  void create(size_t bytes);
  void join();
  void map(int file, size_t bytes);

  Channel& channel_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tersegraph
