#include "data/slabs.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace tersegraph {
namespace {

class FileBytes final : public ByteSource {
 public:
  explicit FileBytes(const std::string& path) : file_(path) {}
  uint64_t size() const { return file_.size(); }
  void fill(std::span<std::byte> out) override {
    file_.read(at_, out);
    at_ += out.size();
  }
  void skip(uint64_t bytes) override { at_ += bytes; }
  void finish() override {}

 private:
  InputFile file_;
  uint64_t at_ = 0;
};

NpyHeader read_header(ByteSource& source, uint64_t bytes, const std::string& what) {
  std::vector<std::byte> front(std::min<uint64_t>(bytes, kNpyFront));
  source.fill(front);
  const size_t whole = npy_header_bytes(front, what);
  if (whole > bytes) fail_input("{}: ends within its .npy header; the file is damaged", what);
  if (whole > front.size()) {
    const size_t read = front.size();
    front.resize(whole);
    source.fill(std::span(front).subspan(read));
  }
  return parse_npy_header(front, what);
}

/// Bytes of one row. Errors: InputError for what has no rows.
size_t bytes_of_row(const NpyHeader& header, const std::string& what) {
  if (header.shape.empty()) fail_input("{}: is one number where an array is needed", what);
  if (header.fortran && header.shape.size() > 1) {
    fail_input("{}: is stored by columns; save it by rows (numpy.ascontiguousarray)", what);
  }
  size_t bytes = header.dtype.bytes();
  if (bytes == 0) fail_input("{}: holds Python objects where numbers are needed", what);
  for (size_t axis = 1; axis < header.shape.size(); ++axis) {
    if (header.shape[axis] < 0 || __builtin_mul_overflow(bytes, static_cast<size_t>(header.shape[axis]), &bytes)) {
      fail_input("{}: its shape is impossible", what);
    }
  }
  return bytes;
}

}  // namespace

SlabReader::SlabReader(std::string what, std::unique_ptr<ByteSource> source, uint64_t bytes)
    : what_(std::move(what)), source_(std::move(source)), header_(read_header(*source_, bytes, what_)) {
  row_bytes_ = bytes_of_row(header_, what_);
  left_ = rows();
  size_t data = 0;
  const bool possible = left_ >= 0 && !__builtin_mul_overflow(row_bytes_, static_cast<size_t>(left_), &data);
  if (!possible || header_.bytes + data != bytes) {
    fail_input("{}: has {} bytes of data, which its shape contradicts; the file is damaged", what_,
               bytes - header_.bytes);
  }
  if (row_bytes_ == 0) left_ = 0;  // of rows without elements there may be a great many
}

void SlabReader::flatten() {
  int64_t elements = 1;
  for (const int64_t extent : header_.shape) elements *= extent;
  header_.shape = {elements};
  row_bytes_ = header_.dtype.bytes();
  left_ = elements;
}

void SlabReader::skip(int64_t count) {
  source_->skip(static_cast<uint64_t>(count) * row_bytes_);
  left_ -= count;
}

ArrayView SlabReader::next(int64_t count) {
  const size_t bytes = static_cast<size_t>(count) * row_bytes_;
  if (slab_.size() < bytes) slab_.resize(bytes);
  const std::span<std::byte> data = std::span(slab_).first(bytes);
  source_->fill(data);
  left_ -= count;
  std::vector<int64_t> shape = header_.shape;
  shape[0] = count;
  return make_array(what_, header_.dtype, std::move(shape), false, data);
}

ArrayView SlabReader::next() {
  constexpr size_t kSlab = size_t{1} << 22;
  const auto most = static_cast<int64_t>(std::max<size_t>(1, kSlab / std::max<size_t>(1, row_bytes_)));
  return next(std::min(left_, most));
}

NpyHeader read_npy_header(const std::string& path) {
  FileBytes bytes(path);
  return read_header(bytes, bytes.size(), path);
}

SlabReader open_npy(const std::string& path) {
  auto bytes = std::make_unique<FileBytes>(path);
  const uint64_t size = bytes->size();
  return {path, std::move(bytes), size};
}

void read_rows(SlabReader array, const std::function<void(int64_t, ConstMatrixView)>& take) {
  Matrix block;
  for (int64_t first = 0; array.left() > 0; first += block.rows()) {
    const ArrayView slab = array.next();
    block.reshape(slab.shape[0], slab.size() / slab.shape[0]);
    copy_to(slab, block);
    take(first, block);
  }
  array.finish();
}

}  // namespace tersegraph
