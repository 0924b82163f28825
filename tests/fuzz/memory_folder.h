#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "data/npy.h"
#include "data/zip.h"
#include "file_names.h"
#include "fuzz.h"

namespace tersegraph::fuzz {

/// A folder in memory for readers that want files; empty again when clear() was called, gone with the program.
class MemoryFolder {
 public:
  MemoryFolder() : path_(base() / ("tersegraph-fuzz-" + std::to_string(getpid()))) { clear(); }
  ~MemoryFolder() { std::filesystem::remove_all(path_); }

  void clear() const {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  std::string path() const { return path_.string(); }
  std::string write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path.string();
  }

  /// Fills the folder with the files that the input holds: of each its number in kFileNames (a byte), its length (2
  /// bytes) and its bytes. Those named "a.npz/b" become the members b.npy of an archive whose checksums are right, so
  /// that damage gets behind them. Returns the names at its top.
  std::set<std::string> fill(Input input) const {
    clear();
    std::map<std::string, std::map<std::string, std::string>> archives;
    std::set<std::string> top;
    while (input.left() > 0) {
      const std::string name = kFileNames[input.number<uint8_t>() % std::size(kFileNames)];
      const std::string bytes(text_of(input.take(input.number<uint16_t>())));
      const size_t end = name.find(".npz/");
      if (end == std::string::npos) {
        write(name, bytes);
      } else {
        archives[name.substr(0, end + 4)][name.substr(end + 5) + ".npy"] = bytes;
      }
      top.insert(end == std::string::npos ? name : name.substr(0, end + 4));
    }
    for (const auto& [name, members] : archives) write_archive(name, members);
    return top;
  }

 private:
  static std::filesystem::path base() {
    const std::filesystem::path memory = "/dev/shm";
    return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  }
  void write_archive(const std::string& name, const std::map<std::string, std::string>& members) const {
    ZipWriter zip(write(name, ""));
    for (const auto& [member, bytes] : members) {
      const std::span<const std::byte> pieces[] = {std::as_bytes(std::span(bytes))};
      zip.add(member, pieces, Compression::stored);
    }
    zip.finish();
  }

  std::filesystem::path path_;
};

}  // namespace tersegraph::fuzz
