#include "data/npz.h"

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

std::string NpzReader::what(std::string_view array) const {
  return fmt::format("{}: array '{}'", path(), array);
}

OwnedArray NpzReader::read(std::string_view array) const {
  ZipReader::Bytes bytes = zip_.read(member(array));
  ArrayView view = parse_npy(bytes.view(), what(array));
  return {std::move(view), std::move(bytes)};
}

std::optional<OwnedArray> NpzReader::read_if_there(std::string_view array) const {
  if (!has(array)) return std::nullopt;
  return read(array);
}

SlabReader NpzReader::open(std::string_view array) const {
  const ZipMember& from = member(array);
  return {what(array), zip_.open(from), from.unpacked};
}

void NpzReader::check() const {
  for (const ZipMember& member : zip_.members()) {
    const auto bytes = zip_.open(member);
    bytes->skip(member.unpacked);
    bytes->finish();
  }
}

void NpzWriter::begin(std::string_view array, std::string_view dtype, size_t bytes, std::span<const int64_t> shape) {
  constexpr size_t kMostPacked = size_t{1} << 26;
  for (const int64_t extent : shape) bytes *= static_cast<size_t>(extent);
  zip_.begin(std::string(array).append(kExtension), bytes > kMostPacked ? Compression::stored : compression_);
  const std::string header = npy_header(dtype, shape);
  zip_.write(std::as_bytes(std::span(header)));
}

}  // namespace tersegraph
