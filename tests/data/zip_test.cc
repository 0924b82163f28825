#include "data/zip.h"

#include <gmock/gmock.h>

#include <functional>
#include <string>

#include "base/error.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

std::string as_text(const ZipReader::Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.view().data()), bytes.size};
}

std::string repetitive(size_t size) {
  std::string text;
  for (size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i % 97) + (i % 7 == 0 ? "\n" : ",");
  return text;
}

void add(ZipWriter& zip, std::string_view name, const std::vector<std::string>& pieces, Compression compression) {
  std::vector<std::span<const std::byte>> spans;
  for (const std::string& piece : pieces) spans.push_back(std::as_bytes(std::span(piece)));
  zip.add(name, spans, compression);
}

/// Opens the archive and reads every member.
void read_all(const std::string& path) {
  const ZipReader zip(path);
  for (const ZipMember& member : zip.members()) zip.read(member);
}

TEST(Zip, RoundTripStoredAndDeflated) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.zip"), large = repetitive(3'000'000);
  ZipWriter writer(path);
  add(writer, "empty", {}, Compression::deflate);
  add(writer, "pieces", {"ab", "", "cde"}, Compression::stored);
  add(writer, "large", {large.substr(0, 1000), large.substr(1000)}, Compression::deflate);
  writer.finish();

  const ZipReader zip(path);
  ASSERT_EQ(zip.members().size(), 3u);
  EXPECT_EQ(as_text(zip.read(zip.members()[0])), "");
  EXPECT_EQ(as_text(zip.read(zip.members()[1])), "abcde");
  EXPECT_EQ(as_text(zip.read(zip.members()[2])), large);
  EXPECT_LT(zip.members()[2].packed, large.size() / 3);
  EXPECT_EQ(zip.members()[1].crc, crc("abcde"));
}

TEST(Zip, SameContentsGiveTheSameBytes) {
  const TemporaryFolder folder;
  for (const std::string name : {"a.zip", "b.zip"}) {
    ZipWriter writer(folder.file(name));
    add(writer, "x", {repetitive(5000)}, Compression::deflate);
    writer.finish();
  }
  EXPECT_EQ(read_bytes(folder.file("a.zip")), read_bytes(folder.file("b.zip")));
}

TEST(Zip, ManyMembersNeedAZip64Directory) {
  const TemporaryFolder folder;
  constexpr int kMembers = 65'536;
  ZipWriter writer(folder.file("a.zip"));
  for (int i = 0; i < kMembers; ++i) add(writer, std::to_string(i), {}, Compression::stored);
  writer.finish();
  const ZipReader zip(folder.file("a.zip"));
  ASSERT_EQ(zip.members().size(), static_cast<size_t>(kMembers));
  EXPECT_EQ(zip.members().back().name, "65535");
}

TEST(Zip, UnfinishedArchiveLeavesNothing) {
  const TemporaryFolder folder;
  {
    ZipWriter writer(folder.file("a.zip"));
    add(writer, "x", {"data"}, Compression::stored);
  }
  EXPECT_EQ(folder.files(), 0u);
}

RawZip two_members() {
  RawZip zip;
  zip.members = {RawMember::stored("one", "first contents"), RawMember::stored("two", "second")};
  zip.layout();
  return zip;
}

TEST(Zip, ReadsForeignArchives) {
  const TemporaryFolder folder;
  RawZip zip = two_members();
  zip.members[1].zip64 = true;
  zip.comment = "a comment, with PK\5\6 in it";
  const ZipReader reader(folder.write("a.zip", zip.bytes()));
  EXPECT_EQ(as_text(reader.read(reader.members()[0])), "first contents");
  EXPECT_EQ(as_text(reader.read(reader.members()[1])), "second");
}

TEST(Zip, EveryTruncationIsAnInputError) {
  const TemporaryFolder folder;
  ZipWriter writer(folder.file("whole.zip"));
  add(writer, "x", {repetitive(300)}, Compression::deflate);
  writer.finish();
  const std::string whole = read_bytes(folder.file("whole.zip"));
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::string path = folder.write("cut.zip", whole.substr(0, length));
    EXPECT_THAT(error_of<InputError>([&] { read_all(path); }), HasSubstr("cut.zip")) << length;
  }
}

TEST(Zip, EveryFlippedByteOfDataOrChecksumIsNoticed) {
  const TemporaryFolder folder;
  ZipWriter writer(folder.file("whole.zip"));
  add(writer, "x", {repetitive(300)}, Compression::deflate);
  writer.finish();
  const std::string whole = read_bytes(folder.file("whole.zip"));
  const size_t data = 30 + 1 + 20, directory = whole.find("PK\1\2");
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string broken = whole;
    broken[i] = static_cast<char>(broken[i] ^ 0x41);
    const std::string path = folder.write("broken.zip", broken);
    // Dates, versions and attributes may be anything; what is needed is that nothing worse than an error happens.
    const std::string error = error_of<InputError>([&] { read_all(path); });
    if (i >= data && i < directory) {
      EXPECT_NE(error, "") << i;
    }
  }
}

struct Malformed {
  std::string name;
  std::function<void(RawZip&)> spoil;
  std::string message;
};

TEST(Zip, MalformedArchivesAreInputErrors) {
  const std::vector<Malformed> table = {
      {"checksum", [](RawZip& z) { z.members[0].crc ^= 1; }, "checksum"},
      {"header outside", [](RawZip& z) { z.members[1].header = 1u << 30; }, "outside the file"},
      {"header inside other data", [](RawZip& z) { z.members[1].header += 3; }, "no member where"},
      {"header near the end", [](RawZip& z) { z.members[1].header += 40; }, ""},
      {"too long", [](RawZip& z) { z.members[1].packed = z.members[1].unpacked = 1000; }, "outside the file"},
      {"size overflow",
       [](RawZip& z) {
         z.members[1].zip64 = true;
         z.members[1].packed = z.members[1].unpacked = ~uint64_t{0} - 5;
       },
       "outside the file"},
      {"stored sizes differ", [](RawZip& z) { z.members[0].unpacked += 1; }, "impossible size"},
      {"bomb",
       [](RawZip& z) {
         z.members[0].method = 8;
         z.members[0].unpacked = 1u << 30;
       },
       "impossible size"},
      {"no deflate stream", [](RawZip& z) { z.members[0].method = 8; }, "cannot be unpacked"},
      {"encrypted", [](RawZip& z) { z.members[0].flags = 1; }, "encrypted"},
      {"method", [](RawZip& z) { z.members[0].method = 12; }, "method 12"},
      {"one name twice", [](RawZip& z) { z.members[1].name = "one"; }, "one name"},
      {"overlap",
       [](RawZip& z) {
         for (int i = 0; i < 30; ++i) {
           z.members.push_back(z.members[0]);
           z.members.back().name = std::to_string(i);
         }
       },
       "overlap"},
  };
  const TemporaryFolder folder;
  for (const Malformed& entry : table) {
    RawZip zip = two_members();
    entry.spoil(zip);
    const std::string path = folder.write("a.zip", zip.bytes());
    const std::string error = error_of<InputError>([&] { read_all(path); });
    EXPECT_THAT(error, HasSubstr("a.zip")) << entry.name;
    EXPECT_THAT(error, HasSubstr(entry.message)) << entry.name;
    EXPECT_THAT(error, Not(HasSubstr("\n"))) << entry.name;
  }
}

TEST(Zip, DirectoryOutsideTheFileIsAnInputError) {
  const TemporaryFolder folder;
  const std::string good = two_members().bytes();
  for (const size_t field : {size_t{12}, size_t{16}}) {  // its length, its place
    std::string bytes = good;
    bytes.replace(bytes.size() - 22 + field, 4, little<uint32_t>(0x7FFFFFF0));
    const std::string path = folder.write("a.zip", bytes);
    EXPECT_THAT(error_of<InputError>([&] { read_all(path); }), HasSubstr("outside the file"));
  }
  std::string entries = good;
  entries.replace(entries.size() - 12, 2, little<uint16_t>(3));
  EXPECT_THAT(error_of<InputError>([&] { read_all(folder.write("a.zip", entries)); }), HasSubstr("cannot be read"));
}

TEST(Zip, Zip64DirectoryOutsideTheFileIsAnInputError) {
  const TemporaryFolder folder;
  const std::string end = "PK\5\6" + std::string(8, '\xFF') + std::string(8, '\xFF') + std::string(2, '\0');
  const auto end64 = [](uint64_t entries, uint64_t bytes, uint64_t offset) {
    return "PK\6\6" + little<uint64_t>(44) + std::string(12, '\0') + little(entries) + little(entries) + little(bytes) +
           little(offset);
  };
  const auto locator = [](uint64_t offset) {
    return "PK\6\7" + little<uint32_t>(0) + little(offset) + little<uint32_t>(1);
  };
  const std::vector<std::pair<std::string, std::string>> table = {
      {end, "no .npz"},
      {std::string(100, 'x') + end, "no zip64 locator"},
      {end64(1, 0, 0) + locator(uint64_t{1} << 62) + end, "zip64 directory outside"},
      {end64(1, 0, 0) + locator(8) + end, "zip64 directory outside"},
      {end64(1, ~uint64_t{0}, 0) + locator(0) + end, "central directory outside"},
      {end64(1, 0, ~uint64_t{0}) + locator(0) + end, "central directory outside"},
      {end64(~uint64_t{0}, 0, 0) + locator(0) + end, "cannot be read"},
  };
  for (const auto& [bytes, message] : table) {
    const std::string path = folder.write("a.zip", bytes);
    EXPECT_NE(error_of<InputError>([&] { read_all(path); }), "") << message;
    if (bytes != end) {
      EXPECT_THAT(error_of<InputError>([&] { read_all(path); }), HasSubstr(message));
    }
  }
}

TEST(Zip, MissingFilesFoldersAndOtherFilesAreInputErrors) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of<InputError>([&] { ZipReader(folder.file("none.npz")); }), HasSubstr("No such file"));
  EXPECT_THAT(error_of<InputError>([&] { ZipReader(folder.file("")); }), HasSubstr("folder"));
  EXPECT_THAT(error_of<InputError>([&] { ZipReader(folder.write("a", "some text")); }), HasSubstr("no .npz"));
  EXPECT_THAT(error_of<InputError>([&] { ZipWriter(folder.file("none/a.npz")); }), HasSubstr("cannot write"));
}

}  // namespace
}  // namespace tersegraph
