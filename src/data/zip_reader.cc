#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <set>
#include <utility>

#include "base/error.h"
#include "data/little_endian.h"
#include "data/memory_limit.h"
#include "data/zip.h"
#include "data/zip_format.h"

namespace tersegraph {
namespace {

using namespace zip_format;

constexpr size_t kChunk = size_t{1} << 18;
constexpr size_t kLargestZlibCall = size_t{1} << 30;

[[noreturn]] void damaged(const std::string& path, std::string_view how) {
  fail_input("{}: the zip archive is damaged ({}); make or fetch it again", path, how);
}

struct Directory {
  uint64_t offset = 0, bytes = 0, entries = 0;
};

std::vector<std::byte> read_range(const InputFile& file, uint64_t offset, uint64_t bytes) {
  std::vector<std::byte> range(bytes);
  file.read(offset, range);
  return range;
}

Directory find_directory64(const InputFile& file, uint64_t end_offset) {
  const auto locator = read_range(file, end_offset - kEnd64LocatorBytes, kEnd64LocatorBytes);
  if (get<uint32_t>(locator, 0) != kEnd64Locator) damaged(file.path(), "no zip64 locator");
  const uint64_t offset = get<uint64_t>(locator, 8);
  const uint64_t limit = end_offset - kEnd64LocatorBytes;
  if (limit < kEnd64Bytes || offset > limit - kEnd64Bytes) damaged(file.path(), "zip64 directory outside the file");
  const auto end = read_range(file, offset, kEnd64Bytes);
  if (get<uint32_t>(end, 0) != kEnd64) damaged(file.path(), "no zip64 directory where its locator points");
  const Directory directory{get<uint64_t>(end, 48), get<uint64_t>(end, 40), get<uint64_t>(end, 32)};
  if (directory.bytes > offset || directory.offset > offset - directory.bytes) {
    damaged(file.path(), "central directory outside the file");
  }
  return directory;
}

/// The end record stands in the last 64 KiB, before a comment whose length it states.
Directory find_directory(const InputFile& file) {
  const uint64_t tail_bytes = std::min<uint64_t>(file.size(), kEndBytes + 0xFFFF);
  const auto tail = read_range(file, file.size() - tail_bytes, tail_bytes);
  for (uint64_t at = tail_bytes < kEndBytes ? 0 : tail_bytes - kEndBytes + 1; at-- > 0;) {
    if (get<uint32_t>(tail, at) != kEnd || at + kEndBytes + get<uint16_t>(tail, at + 20) != tail_bytes) continue;
    const uint64_t end_offset = file.size() - tail_bytes + at;
    const Directory directory{get<uint32_t>(tail, at + 16), get<uint32_t>(tail, at + 12), get<uint16_t>(tail, at + 10)};
    const bool see_64 =
        directory.offset == kSee64Bits32 || directory.bytes == kSee64Bits32 || directory.entries == kSee64Bits16;
    if (see_64 && end_offset >= kEnd64LocatorBytes) return find_directory64(file, end_offset);
    if (directory.bytes > end_offset || directory.offset > end_offset - directory.bytes) {
      damaged(file.path(), "central directory outside the file");
    }
    return directory;
  }
  fail_input("{}: is no .npz (zip) archive, or one that was cut short", file.path());
}

/// Replaces the sizes that say "see zip64" by those of the extra field: only these are in it, in this order.
void apply_zip64(ZipMember& member, std::span<const std::byte> extra, const std::string& path) {
  uint64_t* wanted[3];
  size_t count = 0;
  for (uint64_t* field : {&member.unpacked, &member.packed, &member.header}) {
    if (*field == kSee64Bits32) wanted[count++] = field;
  }
  while (count > 0) {
    if (extra.size() < 4) damaged(path, "a zip64 size is missing");
    const uint16_t id = get<uint16_t>(extra, 0);
    const size_t bytes = get<uint16_t>(extra, 2);
    if (bytes > extra.size() - 4) damaged(path, "an extra field is cut short");
    if (id == kZip64Extra) {
      if (bytes < count * 8) damaged(path, "a zip64 size is missing");
      for (size_t i = 0; i < count; ++i) *wanted[i] = get<uint64_t>(extra, 4 + 8 * i);
      return;
    }
    extra = extra.subspan(4 + bytes);
  }
}

void check_sizes(const ZipMember& member, uint64_t data_end, const std::string& path) {
  if (member.packed > data_end || member.header > data_end - member.packed) damaged(path, "a member outside the file");
  const bool deflated = member.compression == Compression::deflate;
  if (deflated ? member.unpacked / kMostPerDeflatedByte > member.packed : member.unpacked != member.packed) {
    damaged(path, "a member states an impossible size");
  }
}

ZipMember parse_entry(std::span<const std::byte>& directory, uint64_t data_end, const std::string& path) {
  if (directory.size() < kDirectoryEntryBytes || get<uint32_t>(directory, 0) != kDirectoryEntry) {
    damaged(path, "the central directory cannot be read");
  }
  const size_t name_bytes = get<uint16_t>(directory, 28), extra_bytes = get<uint16_t>(directory, 30);
  const size_t entry_bytes = kDirectoryEntryBytes + name_bytes + extra_bytes + get<uint16_t>(directory, 32);
  if (entry_bytes > directory.size()) damaged(path, "the central directory is cut short");
  ZipMember member;
  member.name.assign(reinterpret_cast<const char*>(directory.data()) + kDirectoryEntryBytes, name_bytes);
  const uint16_t method = get<uint16_t>(directory, 10);
  if ((get<uint16_t>(directory, 8) & kEncrypted) != 0)
    fail_input("{}: is encrypted; store it without a password", path);
  if (method != static_cast<uint16_t>(Compression::stored) && method != static_cast<uint16_t>(Compression::deflate)) {
    fail_input("{}: is packed by zip method {}; write it with numpy.savez or savez_compressed", path, method);
  }
  member.compression = static_cast<Compression>(method);
  member.crc = get<uint32_t>(directory, 16);
  member.packed = get<uint32_t>(directory, 20);
  member.unpacked = get<uint32_t>(directory, 24);
  member.header = get<uint32_t>(directory, 42);
  apply_zip64(member, directory.subspan(kDirectoryEntryBytes + name_bytes, extra_bytes), path);
  check_sizes(member, data_end, path);
  directory = directory.subspan(entry_bytes);
  return member;
}

/// A member's bytes from its first on.
class MemberBytes final : public ByteSource {
 public:
  MemberBytes(const InputFile& file, const ZipMember& member, uint64_t data)
      : file_(file), member_(member), at_(data), packed_(member.packed) {
    if (deflated() && inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    if (deflated()) chunk_.resize(kChunk);
  }
  ~MemberBytes() override {
    if (deflated()) inflateEnd(&stream_);
  }
  MemberBytes(const MemberBytes&) = delete;
  MemberBytes& operator=(const MemberBytes&) = delete;

  /// The next bytes of those that the directory states.
  void fill(std::span<std::byte> out) override {
    if (deflated()) {
      if (inflate_to(out) != out.size()) damaged(file_.path(), "'" + member_.name + "' cannot be unpacked");
    } else {
      file_.read(at_, out);
      at_ += out.size();
    }
    crc_ = static_cast<uint32_t>(crc32_z(crc_, reinterpret_cast<const Bytef*>(out.data()), out.size()));
  }

  /// Reads them all the same, for the checksum.
  void skip(uint64_t bytes) override {
    std::vector<std::byte> piece;
    for (; bytes > 0; bytes -= piece.size()) {
      piece.resize(std::min<uint64_t>(bytes, kChunk));
      fill(piece);
    }
  }

  void finish() override {
    std::byte beyond{};  // a byte too many shows here
    const bool ended = !deflated() || (inflate_to({&beyond, 1}) == 0 && status_ == Z_STREAM_END && packed_ == 0 &&
                                       stream_.avail_in == 0);
    if (!ended) damaged(file_.path(), "'" + member_.name + "' cannot be unpacked");
    if (crc_ != member_.crc) damaged(file_.path(), "'" + member_.name + "' has another checksum");
  }

 private:
  bool deflated() const { return member_.compression == Compression::deflate; }

  void next_chunk() {
    const size_t take = std::min<uint64_t>(packed_, kChunk);
    file_.read(at_, std::span(chunk_).first(take));
    stream_.next_in = reinterpret_cast<Bytef*>(chunk_.data());
    stream_.avail_in = static_cast<uInt>(take);
    at_ += take;
    packed_ -= take;
  }

  /// Returns how many bytes came before the stream's end or a place where it is malformed.
  size_t inflate_to(std::span<std::byte> out) {
    size_t written = 0;
    while (written < out.size() && status_ == Z_OK) {
      if (stream_.avail_in == 0 && packed_ > 0) next_chunk();
      const auto room = static_cast<uInt>(std::min(out.size() - written, kLargestZlibCall));
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + written);
      stream_.avail_out = room;
      status_ = inflate(&stream_, Z_NO_FLUSH);
      written += room - stream_.avail_out;
    }
    return written;
  }

  const InputFile& file_;
  const ZipMember& member_;
  uint64_t at_, packed_;
  z_stream stream_ = {};
  int status_ = Z_OK;
  std::vector<std::byte> chunk_;
  uint32_t crc_ = 0;
};

}  // namespace

ZipReader::ZipReader(std::string path) : file_(std::move(path)) {
  const Directory directory = find_directory(file_);
  directory_ = directory.offset;
  check_fits_in_memory(directory.bytes, fmt::format("{}: the zip directory", file_.path()));
  const auto bytes = read_range(file_, directory.offset, directory.bytes);
  std::span<const std::byte> rest(bytes);
  std::set<std::string> names;
  uint64_t packed = 0;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    members_.push_back(parse_entry(rest, directory_, file_.path()));
    if (!names.insert(members_.back().name).second) damaged(file_.path(), "two members have one name");
    packed += members_.back().packed;
    // Members that share their bytes are how a small archive unpacks to everything.
    if (packed > directory_) damaged(file_.path(), "members overlap");
  }
}

/// Where the member's bytes start.
uint64_t ZipReader::data_of(const ZipMember& member) const {
  const std::string& path = file_.path();
  if (directory_ < kLocalHeaderBytes || member.header > directory_ - kLocalHeaderBytes) {
    damaged(path, "a member outside the file");
  }
  // Only the header's own length is taken from the local header: streaming writers leave its sizes open.
  const auto header = read_range(file_, member.header, kLocalHeaderBytes);
  if (get<uint32_t>(header, 0) != kLocalHeader) damaged(path, "no member where the directory points");
  const uint64_t data = member.header + kLocalHeaderBytes + get<uint16_t>(header, 26) + get<uint16_t>(header, 28);
  if (data > directory_ || member.packed > directory_ - data) damaged(path, "a member outside the file");
  return data;
}

ZipReader::Bytes ZipReader::read(const ZipMember& member) const {
  check_fits_in_memory(member.unpacked, fmt::format("{}: member '{}'", file_.path(), member.name));
  MemberBytes from(file_, member, data_of(member));
  Bytes bytes{Buffer(member.unpacked), member.unpacked};
  from.fill({bytes.buffer.data(), bytes.size});
  from.finish();
  return bytes;
}

std::unique_ptr<ByteSource> ZipReader::open(const ZipMember& member) const {
  return std::make_unique<MemberBytes>(file_, member, data_of(member));
}

}  // namespace tersegraph
