#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "base/error.h"
#include "data/little_endian.h"
#include "data/zip.h"
#include "data/zip_format.h"

namespace tersegraph {
namespace {

using namespace zip_format;

constexpr uint16_t kVersion = 45;  // the first with zip64
constexpr uint16_t kMadeByUnix = 3 << 8;
constexpr uint32_t kFileMode = 0100644u << 16;
constexpr uint16_t kFixedTime = 0, kFixedDate = 1 << 5 | 1;  // 1980-01-01 00:00, zip's first day
constexpr size_t kChunk = size_t{1} << 18;
constexpr size_t kLargestZlibCall = size_t{1} << 30;

std::span<const std::byte> as_span(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// Sizes always stand in the zip64 extra, since they are not known before the data is written.
std::string local_header(const ZipMember& member) {
  std::string out;
  put<uint32_t>(out, kLocalHeader);
  put<uint16_t>(out, kVersion);
  put<uint16_t>(out, 0);
  put<uint16_t>(out, static_cast<uint16_t>(member.compression));
  put<uint16_t>(out, kFixedTime);
  put<uint16_t>(out, kFixedDate);
  put<uint32_t>(out, member.crc);
  put<uint32_t>(out, kSee64Bits32);
  put<uint32_t>(out, kSee64Bits32);
  put<uint16_t>(out, static_cast<uint16_t>(member.name.size()));
  put<uint16_t>(out, 20);
  out += member.name;
  put<uint16_t>(out, kZip64Extra);
  put<uint16_t>(out, 16);
  put<uint64_t>(out, member.unpacked);
  put<uint64_t>(out, member.packed);
  return out;
}

std::string directory_entry(const ZipMember& member) {
  std::string extra;
  const auto field32 = [&](uint64_t value) {
    if (value < kSee64Bits32) return static_cast<uint32_t>(value);
    put<uint64_t>(extra, value);
    return kSee64Bits32;
  };
  const uint32_t unpacked = field32(member.unpacked), packed = field32(member.packed), header = field32(member.header);
  std::string out;
  put<uint32_t>(out, kDirectoryEntry);
  put<uint16_t>(out, kMadeByUnix | kVersion);
  put<uint16_t>(out, kVersion);
  put<uint16_t>(out, 0);
  put<uint16_t>(out, static_cast<uint16_t>(member.compression));
  put<uint16_t>(out, kFixedTime);
  put<uint16_t>(out, kFixedDate);
  put<uint32_t>(out, member.crc);
  put<uint32_t>(out, packed);
  put<uint32_t>(out, unpacked);
  put<uint16_t>(out, static_cast<uint16_t>(member.name.size()));
  put<uint16_t>(out, static_cast<uint16_t>(extra.empty() ? 0 : extra.size() + 4));
  put<uint16_t>(out, 0);  // comment
  put<uint16_t>(out, 0);  // disk
  put<uint16_t>(out, 0);  // internal attributes
  put<uint32_t>(out, kFileMode);
  put<uint32_t>(out, header);
  out += member.name;
  if (!extra.empty()) {
    put<uint16_t>(out, kZip64Extra);
    put<uint16_t>(out, static_cast<uint16_t>(extra.size()));
    out += extra;
  }
  return out;
}

std::string end_records(uint64_t entries, uint64_t directory_offset, uint64_t directory_bytes) {
  const bool wide = entries >= kSee64Bits16 || directory_offset >= kSee64Bits32 || directory_bytes >= kSee64Bits32;
  std::string out;
  if (wide) {
    put<uint32_t>(out, kEnd64);
    put<uint64_t>(out, kEnd64Bytes - 12);
    put<uint16_t>(out, kMadeByUnix | kVersion);
    put<uint16_t>(out, kVersion);
    put<uint32_t>(out, 0);
    put<uint32_t>(out, 0);
    put<uint64_t>(out, entries);
    put<uint64_t>(out, entries);
    put<uint64_t>(out, directory_bytes);
    put<uint64_t>(out, directory_offset);
    put<uint32_t>(out, kEnd64Locator);
    put<uint32_t>(out, 0);
    put<uint64_t>(out, directory_offset + directory_bytes);
    put<uint32_t>(out, 1);
  }
  put<uint32_t>(out, kEnd);
  put<uint16_t>(out, 0);
  put<uint16_t>(out, 0);
  put<uint16_t>(out, wide ? kSee64Bits16 : static_cast<uint16_t>(entries));
  put<uint16_t>(out, wide ? kSee64Bits16 : static_cast<uint16_t>(entries));
  put<uint32_t>(out, wide ? kSee64Bits32 : static_cast<uint32_t>(directory_bytes));
  put<uint32_t>(out, wide ? kSee64Bits32 : static_cast<uint32_t>(directory_offset));
  put<uint16_t>(out, 0);
  return out;
}

}  // namespace

/// Feeds pieces through raw deflate into the file. The fastest level: graphs are large, and the better ones gain little
/// on indices and less on floats.
class ZipWriter::Deflater {
 public:
  explicit Deflater(AtomicFile& file) : file_(file), chunk_(kChunk) {
    if (deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  void add(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto part = bytes.first(std::min(bytes.size(), kLargestZlibCall));
      // zlib's interface is older than its const.
      stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(part.data()));
      stream_.avail_in = static_cast<uInt>(part.size());
      run(Z_NO_FLUSH);
      bytes = bytes.subspan(part.size());
    }
  }
  void finish() { run(Z_FINISH); }

 private:
  void run(int flush) {
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(chunk_.data());
      stream_.avail_out = static_cast<uInt>(chunk_.size());
      deflate(&stream_, flush);
      file_.write(std::span<const std::byte>(chunk_).first(chunk_.size() - stream_.avail_out));
    } while (stream_.avail_out == 0);
  }

  AtomicFile& file_;
  std::vector<std::byte> chunk_;
  z_stream stream_ = {};
};

ZipWriter::ZipWriter(std::string path) : file_(std::move(path)) {}
ZipWriter::~ZipWriter() = default;

void ZipWriter::begin(std::string_view name, Compression compression) {
  ZipMember& member = members_.emplace_back();
  member.name = name;
  member.compression = compression;
  member.header = file_.size();
  file_.write(as_span(local_header(member)));
  if (compression == Compression::deflate) deflater_ = std::make_unique<Deflater>(file_);
}

void ZipWriter::write(std::span<const std::byte> piece) {
  if (piece.empty()) return;  // crc32 of a null pointer is the initial value, not "no change"
  ZipMember& member = members_.back();
  member.unpacked += piece.size();
  member.crc = static_cast<uint32_t>(crc32_z(member.crc, reinterpret_cast<const Bytef*>(piece.data()), piece.size()));
  if (deflater_) return deflater_->add(piece);
  file_.write(piece);
}

void ZipWriter::end() {
  if (deflater_) deflater_->finish();
  deflater_.reset();
  ZipMember& member = members_.back();
  member.packed = file_.size() - member.header - local_header(member).size();
  file_.overwrite(member.header, as_span(local_header(member)));
}

void ZipWriter::add(std::string_view name, std::span<const std::span<const std::byte>> pieces,
                    Compression compression) {
  begin(name, compression);
  for (const auto piece : pieces) write(piece);
  end();
}

void ZipWriter::finish() {
  const uint64_t directory = file_.size();
  for (const ZipMember& member : members_) file_.write(as_span(directory_entry(member)));
  const uint64_t bytes = file_.size() - directory;
  file_.write(as_span(end_records(members_.size(), directory, bytes)));
  file_.commit();
}

}  // namespace tersegraph
