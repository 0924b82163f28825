#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/memory_limit.h"

namespace tersegraph {

/// The lines of a text file, unpacked on the way when it is gzipped, and the numbers in them. Words are parted by
/// spaces, tabs, commas or semicolons. Errors: InputError that names the file and the line.
class TextReader {
 public:
  explicit TextReader(std::string path);
  ~TextReader();
  TextReader(const TextReader&) = delete;
  TextReader& operator=(const TextReader&) = delete;

  const std::string& path() const { return file_.path(); }
  /// The file has at most so many characters, unpacked.
  uint64_t most_characters() const { return gzipped_ ? file_.size() * kMostPerDeflatedByte : file_.size(); }
  /// Moves to the next line, without its end; false where there is none.
  bool next_line();
  /// Moves to the next line that is neither empty nor a comment (# or %).
  bool next_content();
  std::string_view line() const { return line_; }
  void rewind_line() { rest_ = line_; }

  /// The next word of the line; empty at its end.
  std::string_view word();
  bool at_end();
  int64_t integer();
  /// An integer in 0..limit-1.
  int64_t index(int64_t limit);
  /// NaN is allowed, since some labels are.
  float real();
  float finite();
  void expect_end();

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    fail_input("{}, line {}: {}", path(), line_number_, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  bool refill();
  size_t unpack();

  InputFile file_;
  uint64_t offset_ = 0;
  bool gzipped_ = false, between_members_ = false;
  z_stream stream_ = {};
  std::vector<std::byte> packed_;
  std::string text_;
  size_t begin_ = 0;
  std::string_view line_, rest_;
  int64_t line_number_ = 0;
};

/// path, or path + ".gz" where that is there instead; empty where neither is.
std::string plain_or_gzipped(const std::string& path);

}  // namespace tersegraph
