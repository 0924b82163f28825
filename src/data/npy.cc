#include "data/npy.h"

#include <fmt/ranges.h>

#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "data/memory_limit.h"

namespace tersegraph {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

/// Reads the dictionary of an .npy header: a Python literal of which numpy only ever writes strings, booleans and
/// tuples.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = word();
      expect(':');
      if (key == "descr") {
        descr = word();
        has_descr_ = true;
      } else if (key == "fortran_order") {
        fortran = boolean();
        has_order_ = true;
      } else if (key == "shape") {
        shape = tuple();
        has_shape_ = true;
      } else {
        malformed();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!has_descr_ || !has_order_ || !has_shape_) malformed();
  }

  std::string_view descr;
  bool fortran = false;
  std::vector<int64_t> shape;

 private:
  [[noreturn]] void malformed() { fail_input("{}: its .npy header cannot be read; write it with numpy.save", what_); }

  void skip_space() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
  }

  bool accept(char c) {
    skip_space();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c)) malformed();
  }

  std::string_view word() {
    if (accept('[')) fail_input("{}: is a structured array; store each of its fields as an array", what_);
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect(quote);
    const size_t end = text_.find(quote);
    if (end == std::string_view::npos) malformed();
    const std::string_view found = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return found;
  }

  bool boolean() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view spelling = value ? "True" : "False";
      if (!text_.starts_with(spelling)) continue;
      text_.remove_prefix(spelling.size());
      return value;
    }
    malformed();
  }

  std::vector<int64_t> tuple() {
    std::vector<int64_t> extents;
    expect('(');
    while (!accept(')')) {
      int64_t extent = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      if (error == std::errc::result_out_of_range) fail_input("{}: its shape is impossible", what_);
      if (error != std::errc() || extents.size() == 32) malformed();
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      extents.push_back(extent);
      accept('L');  // Python 2 wrote (10L,)
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return extents;
  }

  std::string_view text_;
  const std::string& what_;
  bool has_descr_ = false, has_order_ = false, has_shape_ = false;
};

}  // namespace

size_t npy_header_bytes(std::span<const std::byte> front, const std::string& what) {
  const std::string_view text(reinterpret_cast<const char*>(front.data()), front.size());
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(text[i])); };
  if (text.size() < kNpyFront || !text.starts_with(kMagic)) {
    fail_input("{}: is no numpy array; write it with numpy.save", what);
  }
  const size_t version = byte(6);
  if (version < 1 || version > 3) fail_input("{}: is in .npy format version {}; known are 1 to 3", what, version);
  const size_t length = byte(8) | byte(9) << 8;
  return version == 1 ? 10 + length : 12 + (length | byte(10) << 16 | byte(11) << 24);
}

NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& what) {
  const size_t end = npy_header_bytes(bytes, what);
  if (end > bytes.size()) fail_input("{}: ends within its .npy header; the file is damaged", what);
  const auto first_version = std::byte{1};
  const size_t start = bytes[6] == first_version ? 10 : 12;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  HeaderParser header(text.substr(start, end - start), what);
  header.parse();
  return {parse_dtype(header.descr, what), std::move(header.shape), header.fortran, end};
}

ArrayView parse_npy(std::span<const std::byte> bytes, std::string what) {
  NpyHeader header = parse_npy_header(bytes, what);
  return make_array(std::move(what), header.dtype, std::move(header.shape), header.fortran,
                    bytes.subspan(header.bytes));
}

NpyFile read_npy(const std::string& path) {
  const InputFile file(path);
  check_fits_in_memory(file.size(), path);
  Buffer buffer(file.size());
  const std::span<std::byte> bytes(buffer.data(), file.size());
  file.read(0, bytes);
  ArrayView view = parse_npy(bytes, path);
  return {std::move(view), std::move(buffer)};
}

std::string npy_header(std::string_view dtype, std::span<const int64_t> shape) {
  std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", dtype,
                                       fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  constexpr size_t kBefore = 10;
  const size_t total = (kBefore + dictionary.size() + 1 + 63) / 64 * 64;
  dictionary.append(total - kBefore - dictionary.size() - 1, ' ');
  dictionary.push_back('\n');
  std::string header(kMagic);
  header.push_back('\1');
  header.push_back('\0');
  header.push_back(static_cast<char>(dictionary.size() & 255));
  header.push_back(static_cast<char>(dictionary.size() >> 8));
  return header + dictionary;
}

template <class T>
void write_npy(const std::string& path, std::span<const T> values, std::span<const int64_t> shape) {
  const std::string header = npy_header(dtype_word<T>(), shape);
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(header)));
  file.write(std::as_bytes(values));
  file.commit();
}
template void write_npy(const std::string&, std::span<const uint8_t>, std::span<const int64_t>);
template void write_npy(const std::string&, std::span<const int32_t>, std::span<const int64_t>);
template void write_npy(const std::string&, std::span<const int64_t>, std::span<const int64_t>);
template void write_npy(const std::string&, std::span<const float>, std::span<const int64_t>);

}  // namespace tersegraph
