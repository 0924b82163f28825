#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tersegraph::testing {

/// A folder that goes away with its scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tersegraph-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(std::string_view name) const { return (path_ / name).string(); }
  std::string write(std::string_view name, std::string_view bytes) const {
    std::ofstream(file(name), std::ios::binary) << bytes;
    return file(name);
  }
  size_t files() const { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path_), {})); }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
std::string little(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// An .npy file by hand. `shape` as Python writes it: "(3,)".
inline std::string npy(std::string_view dtype, std::string_view shape, std::string_view data, bool fortran = false,
                       int version = 1) {
  const std::string header = "{'descr': '" + std::string(dtype) +
                             "', 'fortran_order': " + (fortran ? "True" : "False") +
                             ", 'shape': " + std::string(shape) + ", }\n";
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  bytes += version == 1 ? little(static_cast<uint16_t>(header.size())) : little(static_cast<uint32_t>(header.size()));
  return bytes + header + std::string(data);
}

/// CRC-32 bit by bit, as its definition says.
inline uint32_t crc(std::string_view bytes) {
  uint32_t value = 0xFFFFFFFF;
  for (const char c : bytes) {
    value ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0xEDB88320u : 0);
  }
  return ~value;
}

/// A member of a hand-made zip archive, every field open to lies.
struct RawMember {
  std::string name, data;
  uint16_t method = 0, flags = 0;
  uint32_t crc = 0;
  uint64_t packed = 0, unpacked = 0, header = 0;
  bool zip64 = false;  ///< sizes and place in the zip64 extra field of the directory

  static RawMember stored(std::string name, std::string data) {
    RawMember member;
    member.name = std::move(name);
    member.crc = testing::crc(data);
    member.packed = member.unpacked = data.size();
    member.data = std::move(data);
    return member;
  }
};

/// Writes the data of all members, then a directory that says what the members say. Offsets are set here.
class RawZip {
 public:
  std::vector<RawMember> members;

  void layout() {
    data_.clear();
    for (RawMember& member : members) {
      member.header = data_.size();
      data_ += "PK\3\4" + little<uint16_t>(45) + little(member.flags) + little(member.method) + little<uint32_t>(0) +
               little(member.crc) + little<uint32_t>(0xFFFFFFFF) + little<uint32_t>(0xFFFFFFFF) +
               little(static_cast<uint16_t>(member.name.size())) + little<uint16_t>(0) + member.name + member.data;
    }
  }

  std::string bytes() const {
    std::string directory;
    for (const RawMember& m : members) {
      const std::string extra = m.zip64 ? little<uint16_t>(0x5455) + little<uint16_t>(1) + "x" + little<uint16_t>(1) +
                                              little<uint16_t>(24) + little(m.unpacked) + little(m.packed) +
                                              little(m.header)
                                        : "";
      const auto narrow = [&](uint64_t value) { return m.zip64 ? 0xFFFFFFFF : static_cast<uint32_t>(value); };
      directory += "PK\1\2" + little<uint16_t>(45) + little<uint16_t>(45) + little(m.flags) + little(m.method) +
                   little<uint32_t>(0) + little(m.crc) + little(narrow(m.packed)) + little(narrow(m.unpacked)) +
                   little(static_cast<uint16_t>(m.name.size())) + little(static_cast<uint16_t>(extra.size())) +
                   std::string(10, '\0') + little(narrow(m.header)) + m.name + extra;
    }
    const auto entries = little(static_cast<uint16_t>(members.size()));
    return data_ + directory + "PK\5\6" + little<uint32_t>(0) + entries + entries +
           little(static_cast<uint32_t>(directory.size())) + little(static_cast<uint32_t>(data_.size())) +
           little<uint16_t>(static_cast<uint16_t>(comment.size())) + comment;
  }

  std::string comment;

 private:
  std::string data_;
};

template <class T>
struct DtypeOf;
template <>
struct DtypeOf<uint8_t> {
  static constexpr std::string_view word = "|u1";
};
template <>
struct DtypeOf<int32_t> {
  static constexpr std::string_view word = "<i4";
};
template <>
struct DtypeOf<int64_t> {
  static constexpr std::string_view word = "<i8";
};
template <>
struct DtypeOf<float> {
  static constexpr std::string_view word = "<f4";
};
template <>
struct DtypeOf<double> {
  static constexpr std::string_view word = "<f8";
};

/// An .npz file of hand-made arrays, stored.
class NpzFile {
 public:
  template <class T>
  NpzFile& set(const std::string& name, const std::vector<T>& values) {
    return set(name, values, fmt::format("({},)", values.size()));
  }
  template <class T>
  NpzFile& set(const std::string& name, const std::vector<T>& values, std::string_view shape) {
    return set_npy(name, npy(DtypeOf<T>::word, shape, raw(values)));
  }
  NpzFile& set_npy(const std::string& name, std::string npy_bytes) {
    arrays_[name] = std::move(npy_bytes);
    return *this;
  }
  NpzFile& remove(const std::string& name) {
    arrays_.erase(name);
    return *this;
  }
  std::string bytes() const {
    RawZip zip;
    for (const auto& [name, data] : arrays_) zip.members.push_back(RawMember::stored(name + ".npy", data));
    zip.layout();
    return zip.bytes();
  }

 private:
  std::map<std::string, std::string> arrays_;
};

/// The message of the error of class E that `action` throws; empty when it throws none.
template <class E, class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  return "";
}

}  // namespace tersegraph::testing
