#include "data/array.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"

namespace tersegraph {
namespace {

static_assert(std::endian::native == std::endian::little, "files are read as little-endian machines lay them out");

struct KnownType {
  std::string_view word;
  DType::Kind kind;
  size_t bytes;
};
constexpr KnownType kKnownTypes[] = {
    {"b1", DType::Kind::boolean, 1}, {"u1", DType::Kind::uint8, 1},  {"i1", DType::Kind::int8, 1},
    {"u2", DType::Kind::uint16, 2},  {"i2", DType::Kind::int16, 2},  {"u4", DType::Kind::uint32, 4},
    {"i4", DType::Kind::int32, 4},   {"u8", DType::Kind::uint64, 8}, {"i8", DType::Kind::int64, 8},
    {"f2", DType::Kind::half, 2},    {"f4", DType::Kind::single, 4}, {"f8", DType::Kind::real, 8}};

struct Boolean {
  uint8_t byte;
};
struct Half {
  uint16_t bits;
};

float half_to_float(uint16_t bits) {
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  const int exponent = (bits >> 10) & 31;
  const float fraction = static_cast<float>(bits & 1023);
  if (exponent == 31) {
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024.0f + fraction, exponent - 25);
}

template <class From>
From load(const std::byte* at, bool big_endian) {
  std::byte bytes[sizeof(From)];
  for (size_t i = 0; i < sizeof(From); ++i) bytes[i] = at[big_endian ? sizeof(From) - 1 - i : i];
  return std::bit_cast<From>(bytes);
}

/// False when `value` does not fit. Whole targets never come from floats: to_vector() has seen to it.
template <class To, class From>
bool convert(From value, To& out) {
  if constexpr (std::is_same_v<From, Boolean>) {
    out = static_cast<To>(value.byte != 0);
  } else if constexpr (std::is_same_v<From, Half>) {
    out = static_cast<To>(half_to_float(value.bits));
  } else if constexpr (std::is_integral_v<To> && std::is_integral_v<From>) {
    if (!std::in_range<To>(value)) return false;
    out = static_cast<To>(value);
  } else {
    out = static_cast<To>(value);
  }
  return true;
}

/// Errors cannot leave a parallel region, so the first element that does not fit is noted and told afterwards.
template <class To, class From>
void convert_all(const ArrayView& array, To* out) {
  if constexpr (std::is_same_v<To, From>) {
    if (!array.dtype.big_endian && !array.fortran) {
      if (!array.data.empty()) std::memcpy(out, array.data.data(), array.data.size());
      return;
    }
  }
  // Of no elements there may be a great many rows.
  if (array.size() == 0) return;
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  const int64_t rows = array.dimensions() == 0 ? 1 : array.shape[0];
  const int64_t cols = rows == 0 ? 0 : array.size() / rows;
  std::atomic<int64_t> misfit{kNone};
  parallel_blocks(rows, std::max<int64_t>(1, 65536 / std::max<int64_t>(1, cols)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j < cols; ++j) {
        const int64_t source = array.fortran ? j * rows + i : i * cols + j;
        const From value = load<From>(array.data.data() + source * sizeof(From), array.dtype.big_endian);
        if (convert(value, out[i * cols + j])) continue;
        int64_t known = misfit.load();
        while (i * cols + j < known && !misfit.compare_exchange_weak(known, i * cols + j)) {
        }
      }
    }
  });
  if (misfit.load() != kNone) {
    fail_input("{}: element {} is outside the range of {}", array.what, misfit.load(), dtype_word<To>());
  }
}

template <class To>
void convert_from_any(const ArrayView& array, To* out) {
  if (std::is_integral_v<To> && array.dtype.is_float()) {
    fail_input("{}: holds fractions where whole numbers are needed; store it as int32 or int64", array.what);
  }
  switch (array.dtype.kind) {
    case DType::Kind::boolean:
      return convert_all<To, Boolean>(array, out);
    case DType::Kind::uint8:
      return convert_all<To, uint8_t>(array, out);
    case DType::Kind::int8:
      return convert_all<To, int8_t>(array, out);
    case DType::Kind::uint16:
      return convert_all<To, uint16_t>(array, out);
    case DType::Kind::int16:
      return convert_all<To, int16_t>(array, out);
    case DType::Kind::uint32:
      return convert_all<To, uint32_t>(array, out);
    case DType::Kind::int32:
      return convert_all<To, int32_t>(array, out);
    case DType::Kind::uint64:
      return convert_all<To, uint64_t>(array, out);
    case DType::Kind::int64:
      return convert_all<To, int64_t>(array, out);
    case DType::Kind::object:
      break;
    default:
      if constexpr (std::is_floating_point_v<To>) {
        if (array.dtype.kind == DType::Kind::half) return convert_all<To, Half>(array, out);
        if (array.dtype.kind == DType::Kind::single) return convert_all<To, float>(array, out);
        return convert_all<To, double>(array, out);
      }
  }
  fail_input("{}: holds Python objects where numbers are needed", array.what);
}

}  // namespace

size_t DType::bytes() const {
  for (const KnownType& known : kKnownTypes) {
    if (known.kind == kind) return known.bytes;
  }
  return 0;
}

DType parse_dtype(std::string_view word, const std::string& what) {
  if (word == "|O" || word == "O") return {DType::Kind::object, false};
  if (word.size() == 3) {
    const char order = word[0];
    for (const KnownType& known : kKnownTypes) {
      const bool order_fits = order == '<' || order == '>' || order == '=' || (order == '|' && known.bytes == 1);
      if (word.substr(1) == known.word && order_fits) return {known.kind, order == '>'};
    }
  }
  fail_input("{}: has dtype '{}'; known are bool, int8..64, uint8..64, float16, float32 and float64", what, word);
}

template <>
std::string_view dtype_word<uint8_t>() {
  return "|u1";
}
template <>
std::string_view dtype_word<int32_t>() {
  return "<i4";
}
template <>
std::string_view dtype_word<int64_t>() {
  return "<i8";
}
template <>
std::string_view dtype_word<float>() {
  return "<f4";
}
template <>
std::string_view dtype_word<double>() {
  return "<f8";
}

int64_t ArrayView::size() const {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

std::string ArrayView::shape_words() const {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

ArrayView make_array(std::string what, DType dtype, std::vector<int64_t> shape, bool fortran,
                     std::span<const std::byte> data) {
  ArrayView array{std::move(what), dtype, std::move(shape), fortran, data};
  int64_t bytes = std::max<int64_t>(1, static_cast<int64_t>(dtype.bytes()));
  bool fits = true;
  for (const int64_t extent : array.shape) fits = fits && extent >= 0 && !__builtin_mul_overflow(bytes, extent, &bytes);
  if (!fits) fail_input("{}: its shape {} is impossible", array.what, array.shape_words());
  if (dtype.kind != DType::Kind::object && static_cast<uint64_t>(bytes) != data.size()) {
    fail_input("{}: holds {} bytes where its shape {} needs {}; the file is damaged", array.what, data.size(),
               array.shape_words(), bytes);
  }
  if (fortran && array.dimensions() > 2) {
    fail_input("{}: is in Fortran order with {} dimensions; store it in C order", array.what, array.dimensions());
  }
  return array;
}

template <class T>
void copy_to(const ArrayView& array, std::vector<T>& out) {
  out.resize(static_cast<size_t>(array.size()));
  convert_from_any(array, out.data());
}
template void copy_to(const ArrayView&, std::vector<int32_t>&);
template void copy_to(const ArrayView&, std::vector<int64_t>&);
template void copy_to(const ArrayView&, std::vector<float>&);

template <class T>
std::vector<T> to_vector(const ArrayView& array) {
  std::vector<T> values;
  copy_to(array, values);
  return values;
}
template std::vector<uint8_t> to_vector(const ArrayView&);
template std::vector<int32_t> to_vector(const ArrayView&);
template std::vector<int64_t> to_vector(const ArrayView&);
template std::vector<float> to_vector(const ArrayView&);
template std::vector<double> to_vector(const ArrayView&);

void copy_to(const ArrayView& array, MatrixView out) {
  convert_from_any(array, out.data);
}

int64_t to_integer(const ArrayView& array) {
  if (array.size() != 1) fail_input("{}: has shape {} where one number is needed", array.what, array.shape_words());
  return to_vector<int64_t>(array).front();
}

}  // namespace tersegraph
