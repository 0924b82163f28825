#include "base/buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace tersegraph {
namespace {

TEST(Buffer, IsAlignedForVectorsAndHugePages) {
  for (const size_t bytes : {size_t{1}, size_t{63}, size_t{4096}, (size_t{2} << 20) - 1}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(Buffer(bytes).data()) % 64, 0u) << bytes;
  }
  const Buffer large((size_t{2} << 20) + 1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(large.data()) % (size_t{2} << 20), 0u);
  EXPECT_GE(large.capacity(), (size_t{2} << 20) + 1);
}

TEST(Buffer, AllOfItCanBeWritten) {
  const Buffer buffer(100003);
  std::memset(buffer.data(), 0xAB, buffer.capacity());
  EXPECT_EQ(buffer.data()[buffer.capacity() - 1], std::byte{0xAB});
}

TEST(Buffer, KeepsItsBlockWhenItIsLargeEnough) {
  Buffer buffer(1000);
  std::byte* const block = buffer.data();
  buffer.data()[7] = std::byte{42};
  buffer.reserve(10);
  buffer.reserve(1000);
  EXPECT_EQ(buffer.data(), block);
  EXPECT_EQ(buffer.data()[7], std::byte{42});
  EXPECT_GE(buffer.capacity(), 1000u);
}

TEST(Buffer, MovesWithoutCopying) {
  Buffer source(128);
  std::byte* const block = source.data();
  Buffer target(std::move(source));
  EXPECT_EQ(target.data(), block);
  Buffer assigned(16);
  assigned = std::move(target);
  EXPECT_EQ(assigned.data(), block);
}

TEST(Buffer, BorrowedMemoryIsKeptByItsOwnerAndNeverReused) {
  const auto owner = std::make_shared<std::vector<int>>(100, 7);
  {
    Buffer source(owner->data(), owner);
    EXPECT_TRUE(source.borrowed());
    Buffer buffer(std::move(source));
    EXPECT_EQ(static_cast<const void*>(buffer.data()), owner->data());
    EXPECT_EQ(owner.use_count(), 2);
    buffer.reserve(8);  // to be written: less than is there, but not ours
    EXPECT_NE(static_cast<const void*>(buffer.data()), owner->data());
    EXPECT_FALSE(buffer.borrowed());
    EXPECT_EQ(owner.use_count(), 1);
    const Buffer again(owner->data(), owner);
  }
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(Buffer, EmptyOnesHoldNothing) {
  Buffer buffer;
  EXPECT_EQ(buffer.capacity(), 0u);
  buffer.reserve(0);
  EXPECT_EQ(buffer.data(), nullptr);
}

}  // namespace
}  // namespace tersegraph
