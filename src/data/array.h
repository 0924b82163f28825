#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/matrix.h"

namespace tersegraph {

/// An element of a numpy array, little- or big-endian in the file. `object` holds a pickle.
struct DType {
  enum class Kind : uint8_t {
    boolean,
    uint8,
    int8,
    uint16,
    int16,
    uint32,
    int32,
    uint64,
    int64,
    half,
    single,
    real,
    object
  };
  Kind kind = Kind::uint8;
  bool big_endian = false;

  size_t bytes() const;  ///< of one element; 0 for object
  bool is_float() const { return kind == Kind::half || kind == Kind::single || kind == Kind::real; }
};

/// numpy's word for a type, such as "<f4", "|u1" or ">i8". Errors: InputError that lists the known ones, `what` in
/// front.
DType parse_dtype(std::string_view word, const std::string& what);

/// numpy's word for T.
template <class T>
std::string_view dtype_word();

/// A numpy array in memory, not owned; data need not be aligned.
struct ArrayView {
  std::string what;  ///< the file and the array, for messages
  DType dtype;
  std::vector<int64_t> shape;
  bool fortran = false;  ///< column-major (2 dimensions at most)
  std::span<const std::byte> data;

  int64_t dimensions() const { return static_cast<int64_t>(shape.size()); }
  int64_t size() const;             ///< elements
  std::string shape_words() const;  ///< "(3, 4)"
};

/// Errors: InputError unless `data` is exactly as long as shape and type say (products over 2^63 included).
ArrayView make_array(std::string what, DType dtype, std::vector<int64_t> shape, bool fortran,
                     std::span<const std::byte> data);

/// The elements in row-major order as T: uint8_t, int32_t, int64_t, float or double.
/// Errors: InputError when an element does not fit T, or when T is whole and the array is not.
template <class T>
std::vector<T> to_vector(const ArrayView& array);

/// The same in the vector's own memory, where it has enough.
template <class T>
void copy_to(const ArrayView& array, std::vector<T>& out);

/// The same into a matrix of as many elements.
void copy_to(const ArrayView& array, MatrixView out);

/// The one element of an array of shape () or (1,).
int64_t to_integer(const ArrayView& array);

}  // namespace tersegraph
