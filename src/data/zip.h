#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/file.h"
#include "data/byte_source.h"

namespace tersegraph {

enum class Compression : uint16_t { stored = 0, deflate = 8 };

struct ZipMember {
  std::string name;
  Compression compression = Compression::stored;
  uint32_t crc = 0;
  uint64_t packed = 0;    ///< bytes in the archive
  uint64_t unpacked = 0;  ///< bytes of the member itself
  uint64_t header = 0;    ///< where its local header stands
};

/// Reads zip archives, zip64 included. Sizes come from the central directory and are checked against the file, against
/// what deflate can do and against this machine's memory before anything is allocated. Errors: InputError for what is
/// no archive, cut short, damaged or encrypted.
class ZipReader {
 public:
  explicit ZipReader(std::string path);

  const std::string& path() const { return file_.path(); }
  const std::vector<ZipMember>& members() const { return members_; }

  struct Bytes {
    Buffer buffer;
    size_t size = 0;
    std::span<const std::byte> view() const { return {buffer.data(), size}; }
  };
  /// The member, its CRC checked.
  Bytes read(const ZipMember& member) const;
  /// The same in pieces, which finish() checks. This must outlive it.
  std::unique_ptr<ByteSource> open(const ZipMember& member) const;

 private:
  uint64_t data_of(const ZipMember& member) const;

  InputFile file_;
  std::vector<ZipMember> members_;
  uint64_t directory_ = 0;  ///< where the central directory starts
};

/// Writes a zip archive atomically and without dates, so that the same contents give the same file.
class ZipWriter {
 public:
  explicit ZipWriter(std::string path);
  ~ZipWriter();

  /// A member made of `pieces`, one after the other.
  void add(std::string_view name, std::span<const std::span<const std::byte>> pieces, Compression compression);
  /// The same for pieces that are not there yet: begin, write as often as needed, end.
  void begin(std::string_view name, Compression compression);
  void write(std::span<const std::byte> piece);
  void end();
  /// Writes the directory; the file is there from now on.
  void finish();

 private:
  AtomicFile file_;
  std::vector<ZipMember> members_;
  class Deflater;
  std::unique_ptr<Deflater> deflater_;  ///< of the member that is being written, if it is deflated
};

}  // namespace tersegraph
