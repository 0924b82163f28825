#include "data/text_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

namespace tersegraph {
namespace {

constexpr size_t kChunk = size_t{1} << 18;
// A small archive can unpack to one line without an end.
constexpr size_t kLongestLine = size_t{1} << 30;
constexpr size_t kMostShown = 40;

std::string printable(std::string_view word) {
  std::string shown(word.substr(0, kMostShown));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

bool is_separator(char c) {
  return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '\r';
}

}  // namespace

TextReader::TextReader(std::string path) : file_(std::move(path)), packed_(kChunk) {
  std::byte magic[2] = {};
  if (file_.size() >= 2) file_.read(0, magic);
  gzipped_ = magic[0] == std::byte{0x1f} && magic[1] == std::byte{0x8b};
  if (!gzipped_ && file_.path().ends_with(".gz")) fail_input("{}: is not gzipped; fetch it again", file_.path());
  if (gzipped_ && inflateInit2(&stream_, MAX_WBITS + 16) != Z_OK) throw std::bad_alloc();
}

TextReader::~TextReader() {
  if (gzipped_) inflateEnd(&stream_);
}

/// Appends what the next bytes of the file unpack to, and says how much that is.
size_t TextReader::unpack() {
  const size_t before = text_.size();
  while (text_.size() == before) {
    if (stream_.avail_in == 0) {
      const size_t take = std::min<uint64_t>(kChunk, file_.size() - offset_);
      if (take == 0 && between_members_) return 0;
      if (take == 0) fail_input("{}: its gzip stream is cut short after line {}; fetch it again", path(), line_number_);
      file_.read(offset_, std::span(packed_).first(take));
      offset_ += take;
      stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
      stream_.avail_in = static_cast<uInt>(take);
    }
    if (between_members_) inflateReset(&stream_);
    between_members_ = false;
    text_.resize(before + kChunk);
    stream_.next_out = reinterpret_cast<Bytef*>(text_.data() + before);
    stream_.avail_out = kChunk;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    text_.resize(before + kChunk - stream_.avail_out);
    between_members_ = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      fail_input("{}: its gzip stream is damaged after line {}; fetch it again", path(), line_number_);
    }
  }
  return text_.size() - before;
}

bool TextReader::refill() {
  text_.erase(0, begin_);
  begin_ = 0;
  if (text_.size() > kLongestLine) fail("is over 1 GiB long; the file is damaged");
  if (gzipped_) return unpack() > 0;
  const size_t take = std::min<uint64_t>(kChunk, file_.size() - offset_);
  const size_t before = text_.size();
  text_.resize(before + take);
  file_.read(offset_, std::as_writable_bytes(std::span(text_)).subspan(before));
  offset_ += take;
  return take > 0;
}

bool TextReader::next_line() {
  ++line_number_;
  size_t searched = 0;
  while (true) {
    const size_t end = text_.find('\n', begin_ + searched);
    if (end != std::string::npos) {
      line_ = rest_ = std::string_view(text_).substr(begin_, end - begin_);
      begin_ = end + 1;
      return true;
    }
    searched = text_.size() - begin_;
    if (refill()) continue;
    line_ = rest_ = text_;
    begin_ = text_.size();
    return !line_.empty();
  }
}

bool TextReader::next_content() {
  while (next_line()) {
    if (!at_end() && rest_.front() != '#' && rest_.front() != '%') return true;
  }
  return false;
}

bool TextReader::at_end() {
  while (!rest_.empty() && is_separator(rest_.front())) rest_.remove_prefix(1);
  return rest_.empty();
}

std::string_view TextReader::word() {
  if (at_end()) return {};
  const auto end = std::find_if(rest_.begin(), rest_.end(), is_separator);
  const std::string_view word = rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
  rest_.remove_prefix(word.size());
  return word;
}

int64_t TextReader::integer() {
  const std::string_view text = word();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty()) fail("ends where a whole number is needed");
  if (error != std::errc() || end != text.data() + text.size()) {
    fail("has '{}' where a whole number of 64 bits is needed", printable(text));
  }
  return value;
}

int64_t TextReader::index(int64_t limit) {
  const int64_t value = integer();
  if (value < 0 || value >= limit) fail("has node {}, outside 0..{}", value, limit - 1);
  return value;
}

float TextReader::real() {
  std::string_view text = word();
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) fail("ends where a number is needed");
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail("has '{}' where a number is needed", printable(text));
  }
  return static_cast<float>(value);
}

float TextReader::finite() {
  const float value = real();
  if (!std::isfinite(value)) fail("has {} where a finite number is needed", value);
  return value;
}

void TextReader::expect_end() {
  if (!at_end()) fail("has '{}' after its last number; remove it", printable(word()));
}

std::string plain_or_gzipped(const std::string& path) {
  for (const std::string& candidate : {path, path + ".gz"}) {
    if (std::filesystem::exists(candidate)) return candidate;
  }
  return "";
}

}  // namespace tersegraph
