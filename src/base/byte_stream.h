#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace tersegraph {

/// Plain values one after the other, as a message or a file holds them.
template <class T>
void append_values(std::vector<std::byte>& bytes, const T* values, int64_t count) {
  const size_t old = bytes.size();
  bytes.resize(old + static_cast<size_t>(count) * sizeof(T));
  if (count > 0) std::memcpy(bytes.data() + old, values, static_cast<size_t>(count) * sizeof(T));
}

/// Reads them again and trusts nothing. Errors: RunError of the given words when the bytes end early; callers use
/// fail() for values that cannot be.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string error) : bytes_(bytes), error_(std::move(error)) {}

  bool done() const { return at_ == bytes_.size(); }
  size_t left() const { return bytes_.size() - at_; }

  template <class T>
  void read(T* values, int64_t count) {
    if (count < 0 || left() / sizeof(T) < static_cast<size_t>(count)) fail();
    if (count > 0) std::memcpy(values, bytes_.data() + at_, static_cast<size_t>(count) * sizeof(T));
    at_ += static_cast<size_t>(count) * sizeof(T);
  }
  void skip(size_t bytes) {
    if (left() < bytes) fail();
    at_ += bytes;
  }
  template <class T>
  T read() {
    T value{};
    read(&value, 1);
    return value;
  }
  [[noreturn]] void fail() const { fail_run("{}", error_); }

 private:
  std::span<const std::byte> bytes_;
  std::string error_;
  size_t at_ = 0;
};

}  // namespace tersegraph
