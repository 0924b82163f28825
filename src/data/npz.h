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
#include "data/slabs.h"
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
  /// The array some rows at a time. This must outlive it.
  SlabReader open(std::string_view array) const;
  /// Reads every array, so that damage shows.
  void check() const;

 private:
  const ZipMember& member(std::string_view array) const;
  std::string what(std::string_view array) const;  ///< for messages

  ZipReader zip_;
  std::map<std::string, size_t, std::less<>> members_;
};

/// Writes an .npz file that numpy.load reads, atomically. T: uint8_t, int32_t, int64_t, float or double; arrays are
/// row-major. Arrays over 64 MiB are stored as they are: packing them takes minutes, and hardly helps floats.
class NpzWriter {
 public:
  explicit NpzWriter(std::string path, Compression compression = Compression::deflate)
      : zip_(std::move(path)), compression_(compression) {}

  template <class T>
  void add(std::string_view array, std::span<const T> values, std::span<const int64_t> shape) {
    begin<T>(array, shape);
    write(values);
    end();
  }
  template <class T>
  void add(std::string_view array, const std::vector<T>& values) {
    const int64_t shape[] = {static_cast<int64_t>(values.size())};
    add(array, std::span<const T>(values), shape);
  }

  /// An array whose values come bit by bit: begin, write all that the shape says, end.
  template <class T>
  void begin(std::string_view array, std::span<const int64_t> shape) {
    begin(array, dtype_word<T>(), sizeof(T), shape);
  }
  template <class T>
  void write(std::span<const T> values) {
    zip_.write(std::as_bytes(values));
  }
  void end() { zip_.end(); }

  void finish() { zip_.finish(); }

 private:
  void begin(std::string_view array, std::string_view dtype, size_t bytes, std::span<const int64_t> shape);

  ZipWriter zip_;
  Compression compression_;
};

}  // namespace tersegraph
