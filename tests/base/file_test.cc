#include "base/file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/error.h"

namespace tersegraph {
namespace {

using ::testing::HasSubstr;

class File : public ::testing::Test {
 protected:
  File() {
    std::string name = (std::filesystem::temp_directory_path() / "tersegraph-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~File() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string contents(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::ptrdiff_t files() const { return std::distance(std::filesystem::directory_iterator(folder_), {}); }

  std::filesystem::path folder_;
};

template <class Action>
std::string input_error(Action&& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST_F(File, WritesAndReplaces) {
  write_file_atomically(path("a"), std::string_view("first, and longer"));
  write_file_atomically(path("a"), std::string_view("second"));
  EXPECT_EQ(contents("a"), "second");
  EXPECT_EQ(files(), 1);
  const mode_t mask = umask(0);
  umask(mask);
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(path("a")).permissions()), 0666u & ~mask);
}

TEST_F(File, TheOldFileStandsUntilCommit) {
  write_file_atomically(path("a"), std::string_view("old"));
  {
    AtomicFile file(path("a"));
    file.write(bytes_of("new"));
    EXPECT_EQ(contents("a"), "old");
  }
  EXPECT_EQ(contents("a"), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(File, TwoWritersOfOnePathDoNotMix) {
  AtomicFile first(path("a")), second(path("a"));
  first.write(bytes_of("one"));
  second.write(bytes_of("two"));
  first.commit();
  EXPECT_EQ(contents("a"), "one");
  second.commit();
  EXPECT_EQ(contents("a"), "two");
  EXPECT_EQ(files(), 1);
}

TEST_F(File, OverwritesWithoutMovingTheEnd) {
  AtomicFile file(path("a"));
  file.write(bytes_of("????, and more"));
  file.overwrite(0, bytes_of("this"));
  file.write(bytes_of("."));
  EXPECT_EQ(file.size(), 15u);
  file.commit();
  EXPECT_EQ(contents("a"), "this, and more.");
}

TEST_F(File, ReadsAnywhere) {
  write_file_atomically(path("a"), std::string_view("0123456789"));
  const InputFile file(path("a"));
  EXPECT_EQ(file.size(), 10u);
  std::string part(4, ' ');
  file.read(6, std::as_writable_bytes(std::span(part)));
  EXPECT_EQ(part, "6789");
  EXPECT_THAT(input_error([&] { file.read(7, std::as_writable_bytes(std::span(part))); }),
              HasSubstr("ends at byte 10"));
}

TEST_F(File, MistakesAreInputErrors) {
  EXPECT_THAT(input_error([&] { InputFile(path("none")); }), HasSubstr("none: cannot read: No such file"));
  EXPECT_THAT(input_error([&] { InputFile(folder_.string()); }), HasSubstr("is a folder"));
  EXPECT_THAT(input_error([&] { AtomicFile(path("none/a")); }), HasSubstr("none/a: cannot write"));
  EXPECT_THAT(input_error([&] { write_file_atomically(folder_.string(), std::string_view("x")); }),
              HasSubstr("cannot take this name"));
}

}  // namespace
}  // namespace tersegraph
