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

Buffer::Buffer(const void* data, std::shared_ptr<const void> owner)
    : data_(static_cast<std::byte*>(const_cast<void*>(data))), owner_(std::move(owner)) {}

Buffer::~Buffer() {
  release();
}

void Buffer::release() {
  if (!borrowed()) std::free(data_);
  data_ = nullptr;
  capacity_ = 0;
  owner_.reset();
}

void Buffer::swap(Buffer& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(capacity_, other.capacity_);
  std::swap(owner_, other.owner_);
}

void Buffer::reserve(size_t bytes) {
  if (bytes <= capacity_) return;
  const size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  const size_t capacity = round_up(bytes, alignment);
  release();
  data_ = static_cast<std::byte*>(std::aligned_alloc(alignment, capacity));
  if (data_ == nullptr) throw std::bad_alloc();
  if (alignment == kHugePage) madvise(data_, capacity, MADV_HUGEPAGE);
  capacity_ = capacity;
}

}  // namespace tersegraph
