#include "base/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <utility>

namespace tersegraph {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

size_t round_up(size_t bytes, size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

Buffer::~Buffer() {
  std::free(data_);
}

void Buffer::swap(Buffer& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(capacity_, other.capacity_);
}

void Buffer::reserve(size_t bytes) {
  if (bytes <= capacity_) return;
  const size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  const size_t capacity = round_up(bytes, alignment);
  std::free(data_);
  capacity_ = 0;
  data_ = static_cast<std::byte*>(std::aligned_alloc(alignment, capacity));
  if (data_ == nullptr) throw std::bad_alloc();
  if (alignment == kHugePage) madvise(data_, capacity, MADV_HUGEPAGE);
  capacity_ = capacity;
}

}  // namespace tersegraph
