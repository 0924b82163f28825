#include "data/npz.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace tersegraph {
namespace {

constexpr std::string_view kExtension = ".npy";

}  // namespace

NpzReader::NpzReader(const std::string& path) : zip_(path) {
  for (size_t i = 0; i < zip_.members().size(); ++i) {
    const std::string_view name = zip_.members()[i].name;
    if (name.ends_with(kExtension)) members_.emplace(name.substr(0, name.size() - kExtension.size()), i);
  }
}

std::vector<std::string> NpzReader::names() const {
  std::vector<std::string> names;
  for (const auto& [name, member] : members_) names.push_back(name);
  return names;
}

const ZipMember& NpzReader::member(std::string_view array) const {
  const auto found = members_.find(array);
  if (found == members_.end()) fail_input("{}: has no array '{}'", path(), array);
  return zip_.members()[found->second];
}

OwnedArray NpzReader::read(std::string_view array) const {
  ZipReader::Bytes bytes = zip_.read(member(array));
  ArrayView view = parse_npy(bytes.view(), fmt::format("{}: array '{}'", path(), array));
  return {std::move(view), std::move(bytes)};
}

std::optional<OwnedArray> NpzReader::read_if_there(std::string_view array) const {
  if (!has(array)) return std::nullopt;
  return read(array);
}

void NpzReader::read_rows(std::string_view array, int64_t rows, int64_t cols,
                          const std::function<void(int64_t, ConstMatrixView)>& take) const {
  const std::string what = fmt::format("{}: array '{}'", path(), array);
  const size_t row_bytes = static_cast<size_t>(cols) * sizeof(float);
  bool at_header = true;
  int64_t first = 0;
  Buffer block;
  std::vector<std::byte> rest;  // an incomplete row
  zip_.read(member(array), [&](std::span<const std::byte> piece) {
    if (std::exchange(at_header, false)) {
      const NpyHeader header = parse_npy_header(piece, what);
      const bool plain = header.dtype.kind == DType::Kind::single && !header.dtype.big_endian && !header.fortran;
      if (!plain || header.shape != std::vector<int64_t>{rows, cols}) {
        fail_input("{}: is not of shape ({}, {}) and float32", what, rows, cols);
      }
      piece = piece.subspan(header.bytes);
    }
    if (row_bytes == 0) return;
    const size_t held = rest.size() + piece.size();
    const auto count = static_cast<int64_t>(held / row_bytes);
    if (count > rows - first) fail_input("{}: holds more rows than its shape", what);
    const size_t whole = static_cast<size_t>(count) * row_bytes;
    block.reserve(std::max(whole, held));
    std::copy(rest.begin(), rest.end(), block.data());
    std::copy(piece.begin(), piece.end(), block.data() + rest.size());
    rest.assign(block.data() + whole, block.data() + held);
    take(first, {reinterpret_cast<const float*>(block.data()), count, cols});
    first += count;
  });
  if (row_bytes > 0 && (first != rows || !rest.empty())) fail_input("{}: holds fewer rows than its shape", what);
}

void NpzReader::check() const {
  for (const ZipMember& member : zip_.members()) {
    zip_.read(member, [](std::span<const std::byte>) {});
  }
}

void NpzWriter::add_bytes(std::string_view array, const std::string& header, std::span<const std::byte> data) {
  const std::span<const std::byte> pieces[] = {std::as_bytes(std::span(header)), data};
  zip_.add(std::string(array).append(kExtension), pieces, compression_);
}

}  // namespace tersegraph
