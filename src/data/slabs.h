#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/matrix.h"
#include "data/byte_source.h"
#include "data/npy.h"

namespace tersegraph {

/// An .npy array of which some rows (a row: one index of the first axis) are in memory at a time, in order.
/// Errors: InputError as parse_npy's, and for an array in Fortran order.
class SlabReader {
 public:
  /// `bytes`: of the source.
  SlabReader(std::string what, std::unique_ptr<ByteSource> source, uint64_t bytes);

  const NpyHeader& header() const { return header_; }
  const std::string& what() const { return what_; }  ///< names it in messages
  int64_t rows() const { return header_.shape[0]; }
  int64_t left() const { return left_; }

  /// From here on its rows are its elements, in row-major order. To be called before any is read.
  void flatten();
  void skip(int64_t count);
  /// The next rows, until the next call. `count` is at most left().
  ArrayView next(int64_t count);
  /// As many as make a few MiB; at least one where any is left.
  ArrayView next();
  /// To be called behind the last row.
  void finish() { source_->finish(); }

 private:
  std::string what_;
  std::unique_ptr<ByteSource> source_;
  NpyHeader header_;
  size_t row_bytes_ = 0;
  int64_t left_ = 0;
  std::vector<std::byte> slab_;
};

NpyHeader read_npy_header(const std::string& path);

/// An .npy file.
SlabReader open_npy(const std::string& path);

/// Calls take(first, rows) for all rows as float32 matrices; an array (n,) has one column.
void read_rows(SlabReader array, const std::function<void(int64_t first, ConstMatrixView rows)>& take);

}  // namespace tersegraph
