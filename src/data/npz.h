#pragma once

#include <cstdint>
#include <functional>
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
  /// Calls take(first, block) for the rows of a float32 matrix (rows, cols), some at a time and in order; a stored one
  /// is never whole in memory.
  void read_rows(std::string_view array, int64_t rows, int64_t cols,
                 const std::function<void(int64_t, ConstMatrixView)>& take) const;
  /// Reads every array, so that damage shows.
  void check() const;

 private:
  const ZipMember& member(std::string_view array) const;

  ZipReader zip_;
  std::map<std::string, size_t, std::less<>> members_;
};

/// Writes an .npz file that numpy.load reads, atomically. T: uint8_t, int32_t, int64_t, float or double; arrays are
/// row-major.
class NpzWriter {
 public:
  explicit NpzWriter(std::string path, Compression compression = Compression::deflate)
      : zip_(std::move(path)), compression_(compression) {}

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
  Compression compression_;
};

}  // namespace tersegraph
