#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/error.h"

namespace tersegraph {
namespace {

// Linux moves at most 2^31 - 4096 bytes a call.
constexpr size_t kLargestCall = size_t{1} << 30;

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Ranks that are threads of one process may write at the same moment, so the process id alone is not enough.
std::string temporary_beside(const std::string& path) {
  static std::atomic<uint64_t> counter{0};
  return fmt::format("{}.{}-{}.tmp", path, getpid(), counter.fetch_add(1));
}

void write_fully(int descriptor, uint64_t offset, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const size_t ask = bytes.size() < kLargestCall ? bytes.size() : kLargestCall;
    const ssize_t done = pwrite(descriptor, bytes.data(), ask, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail_run("{}: cannot write: {}", path, std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(done));
    offset += static_cast<uint64_t>(done);
  }
}

enum class Read { whole, ended, failed };

/// Where the file ended too soon, `missing_from` says at which byte.
Read read_fully(int descriptor, uint64_t offset, std::span<std::byte> out, uint64_t& missing_from) {
  while (!out.empty()) {
    const size_t ask = out.size() < kLargestCall ? out.size() : kLargestCall;
    const ssize_t done = pread(descriptor, out.data(), ask, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return Read::failed;
    missing_from = offset;
    if (done == 0) return Read::ended;
    out = out.subspan(static_cast<size_t>(done));
    offset += static_cast<uint64_t>(done);
  }
  return Read::whole;
}

}  // namespace

InputFile::InputFile(std::string path) : path_(std::move(path)) {
  descriptor_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail_input("{}: cannot read: {}", path_, std::strerror(errno));
  struct stat status = {};
  const bool known = fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    close(descriptor_);
    fail_input("{}: is {}, where a file is needed", path_, known && S_ISDIR(status.st_mode) ? "a folder" : "no file");
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  close(descriptor_);
}

void InputFile::read(uint64_t offset, std::span<std::byte> out) const {
  uint64_t missing_from = 0;
  switch (read_fully(descriptor_, offset, out, missing_from)) {
    case Read::whole:
      return;
    case Read::ended:
      fail_input("{}: ends at byte {}, before its contents do; fetch it again", path_, missing_from);
    case Read::failed:
      fail_input("{}: cannot read: {}", path_, std::strerror(errno));
  }
}

std::string read_file(const std::string& path) {
  const InputFile file(path);
  std::string bytes(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  const std::string temporary = temporary_beside(path_);
  const auto make = [&] {
    descriptor_ = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return descriptor_ >= 0;
  };
  if (!temporary_.begin(temporary, make)) {
    fail_input("{}: cannot write into its folder: {}", path_, std::strerror(errno));
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  write_fully(descriptor_, size_, bytes, path_);
  size_ += bytes.size();
}

void AtomicFile::overwrite(uint64_t offset, std::span<const std::byte> bytes) {
  write_fully(descriptor_, offset, bytes, path_);
}

void AtomicFile::commit() {
  if (fsync(descriptor_) != 0) fail_run("{}: cannot write: {}", path_, std::strerror(errno));
  close(std::exchange(descriptor_, -1));
  if (std::rename(temporary_.path().c_str(), path_.c_str()) != 0) {
    fail_input("{}: cannot take this name: {}", path_, std::strerror(errno));
  }
  temporary_.finished();
  // The name too has to survive a power cut. File systems that cannot sync a folder keep it by themselves.
  const int folder = open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
}

TemporaryFile::TemporaryFile() : folder_(std::filesystem::temp_directory_path()) {
  std::string name = folder_ + "/tersegraph-XXXXXX";
  descriptor_ = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) {
    fail_run("{}: cannot write temporary files there: {}; let TMPDIR name another folder", folder_,
             std::strerror(errno));
  }
  unlink(name.c_str());
}

TemporaryFile::~TemporaryFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : folder_(std::move(other.folder_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

void TemporaryFile::write(std::span<const std::byte> bytes) {
  write_fully(descriptor_, size_, bytes, "a temporary file in " + folder_);
  size_ += bytes.size();
}

void TemporaryFile::read(uint64_t offset, std::span<std::byte> out) const {
  uint64_t missing_from = 0;
  if (read_fully(descriptor_, offset, out, missing_from) == Read::whole) return;
  fail_run("a temporary file in {} cannot be read again: {}", folder_, std::strerror(errno));
}

void write_file_atomically(const std::string& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_file_atomically(const std::string& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace tersegraph
