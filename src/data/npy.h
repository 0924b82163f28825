#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "data/array.h"

namespace tersegraph {

/// What the header of an .npy file says.
struct NpyHeader {
  DType dtype;
  std::vector<int64_t> shape;
  bool fortran = false;
  size_t bytes = 0;  ///< of the header: the data stand behind it
};
/// The header's length, which its first kNpyFront bytes tell; a file may be shorter. Errors: as parse_npy.
constexpr size_t kNpyFront = 12;
size_t npy_header_bytes(std::span<const std::byte> front, const std::string& what);
/// `bytes` may end anywhere behind the header. Errors: as parse_npy.
NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& what);

/// The array in the bytes of an .npy file, format versions 1 to 3; it points into `bytes`. `what` names it in messages.
/// Errors: InputError for anything that is not such a file, or one cut short.
ArrayView parse_npy(std::span<const std::byte> bytes, std::string what);

/// The array of an .npy file and the memory it lies in.
struct NpyFile : ArrayView {
  Buffer buffer;
};
NpyFile read_npy(const std::string& path);

/// What stands before the data in an .npy file (version 1), its length a multiple of 64.
std::string npy_header(std::string_view dtype, std::span<const int64_t> shape);

/// Writes a row-major array for numpy.load, atomically. T: uint8_t, int32_t, int64_t or float.
template <class T>
void write_npy(const std::string& path, std::span<const T> values, std::span<const int64_t> shape);

}  // namespace tersegraph
