#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/npz_files.h"

namespace tersegraph::testing {

// Pickles by hand, in the opcodes that numpy and scipy write (protocol 3).
inline std::string pickled_text(std::string_view text) {
  return std::string("X") + little(static_cast<uint32_t>(text.size())) + std::string(text);
}
inline std::string pickled_bytes(std::string_view bytes) {
  return std::string("B") + little(static_cast<uint32_t>(bytes.size())) + std::string(bytes);
}
inline std::string pickled_int(int32_t value) {
  return std::string("J") + little(value);
}

inline std::string pickled_tuple(const std::vector<int32_t>& values) {
  std::string items = "(";
  for (const int32_t value : values) items += pickled_int(value);
  return items + "t";
}

inline std::string pickled_dtype(std::string_view word, std::string_view order) {
  return "cnumpy\ndtype\n" + pickled_text(word) + pickled_int(0) + pickled_int(1) + "\x87R(" + pickled_int(3) +
         pickled_text(order) + "NNN" + pickled_int(-1) + pickled_int(-1) + pickled_int(0) + "tb";
}

/// `data`: what stands last in an array's state, pickled.
inline std::string pickled_array(const std::vector<int32_t>& shape, const std::string& dtype, const std::string& data) {
  return "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + pickled_int(0) + "\x85" + pickled_bytes("b") +
         "\x87R(" + pickled_int(1) + pickled_tuple(shape) + dtype + "\x89" + data + "tb";
}

template <class T>
std::string pickled_vector(const std::vector<T>& values) {
  const std::string_view word = DtypeOf<T>::word;
  return pickled_array({static_cast<int32_t>(values.size())}, pickled_dtype(word.substr(1), word.substr(0, 1)),
                       pickled_bytes(raw(values)));
}

inline std::string pickled_csr(int32_t rows, int32_t cols, const std::vector<int32_t>& indptr,
                               const std::vector<int32_t>& indices, const std::vector<float>& values) {
  return "cscipy.sparse.csr\ncsr_matrix\n)\x81}(" + pickled_text("_shape") + pickled_tuple({rows, cols}) +
         pickled_text("maxprint") + pickled_int(50) + pickled_text("indices") + pickled_vector(indices) +
         pickled_text("indptr") + pickled_vector(indptr) + pickled_text("data") + pickled_vector(values) + "ub";
}

/// As numpy.savez stores one Python object.
inline std::string pickled_object(const std::string& object) {
  return "\x80\x03" + pickled_array({}, pickled_dtype("O8", "|"), "](" + object + "e") + ".";
}

}  // namespace tersegraph::testing
