#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

namespace tersegraph {

/// A little-endian number at `offset`, which lies inside.
template <class T>
T get(std::span<const std::byte> bytes, size_t offset) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(bytes[offset + i]) << (8 * i)));
  }
  return value;
}

template <class T>
void put(std::string& out, std::type_identity_t<T> value) {
  for (size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 255));
}

}  // namespace tersegraph
