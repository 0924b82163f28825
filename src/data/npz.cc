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

OwnedArray NpzReader::read(std::string_view array) const {
  const auto found = members_.find(array);
  if (found == members_.end()) fail_input("{}: has no array '{}'", path(), array);
  ZipReader::Bytes bytes = zip_.read(zip_.members()[found->second]);
  ArrayView view = parse_npy(bytes.view(), fmt::format("{}: array '{}'", path(), array));
  return {std::move(view), std::move(bytes)};
}

std::optional<OwnedArray> NpzReader::read_if_there(std::string_view array) const {
  if (!has(array)) return std::nullopt;
  return read(array);
}

void NpzWriter::add_bytes(std::string_view array, const std::string& header, std::span<const std::byte> data) {
  const std::span<const std::byte> pieces[] = {std::as_bytes(std::span(header)), data};
  zip_.add(std::string(array).append(kExtension), pieces, Compression::deflate);
}

}  // namespace tersegraph
