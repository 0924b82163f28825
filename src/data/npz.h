#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/array.h"
#include "data/npy.h"
#include "data/zip.h"

namespace tersegraph {

/// A numpy array and the memory it lies in.
struct OwnedArray : ArrayView {
  ZipReader::Bytes bytes;
};

/// The arrays of an .npz file, each read when asked for. Errors: InputError that names the file and the array.
class NpzReader {
 public:
  explicit NpzReader(const std::string& path);

  const std::string& path() const { return zip_.path(); }
  bool has(std::string_view array) const { return members_.find(array) != members_.end(); }
  std::vector<std::string> names() const;
  OwnedArray read(std::string_view array) const;
  std::optional<OwnedArray> read_if_there(std::string_view array) const;

 private:
  ZipReader zip_;
  std::map<std::string, size_t, std::less<>> members_;
};

/// Writes an .npz file that numpy.load reads, atomically. T: uint8_t, int32_t, int64_t or float; arrays are row-major.
class NpzWriter {
 public:
  explicit NpzWriter(std::string path) : zip_(std::move(path)) {}

  template <class T>
  void add(std::string_view array, std::span<const T> values, std::span<const int64_t> shape) {
    add_bytes(array, npy_header(dtype_word<T>(), shape), std::as_bytes(values));
  }
  template <class T>
  void add(std::string_view array, const std::vector<T>& values) {
    const int64_t shape[] = {static_cast<int64_t>(values.size())};
    add(array, std::span<const T>(values), shape);
  }
  void finish() { zip_.finish(); }

 private:
  void add_bytes(std::string_view array, const std::string& header, std::span<const std::byte> data);

  ZipWriter zip_;
};

}  // namespace tersegraph
