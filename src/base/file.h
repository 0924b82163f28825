#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/unfinished.h"

namespace tersegraph {

/// A file that is read at any offset. Errors: InputError that names the path: no such file, a folder, or a short read.
class InputFile {
 public:
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  void read(uint64_t offset, std::span<std::byte> out) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

/// The whole file. Errors: InputFile's.
std::string read_file(const std::string& path);

/// A file that is there whole or not at all: written to a temporary in the same folder, which commit() renames to
/// `path` once its bytes are on the disk. Without commit() the temporary is removed. Errors: InputError when the folder
/// cannot be written to, RunError when the disk fails or is full.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  void write(std::span<const std::byte> bytes);
  /// Replaces bytes already written; the end stays where it is.
  void overwrite(uint64_t offset, std::span<const std::byte> bytes);
  void commit();

 private:
  std::string path_;
  Unfinished temporary_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

/// A file without a name in the folder for temporary files (TMPDIR, or /tmp), gone with this or with the process.
/// Errors: RunError when the disk fails or is full.
class TemporaryFile {
 public:
  TemporaryFile();
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;

  uint64_t size() const { return size_; }
  void write(std::span<const std::byte> bytes);  ///< at the end
  void read(uint64_t offset, std::span<std::byte> out) const;

 private:
  std::string folder_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

void write_file_atomically(const std::string& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::string& path, std::string_view text);

}  // namespace tersegraph
