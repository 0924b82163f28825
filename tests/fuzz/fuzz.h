#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tersegraph::fuzz {

/// An error as users see it: one line, not for pages. Shown where FUZZ_SAY is set, for a look at single inputs.
inline void check_words(std::string_view words) {
  static const bool say = std::getenv("FUZZ_SAY") != nullptr;
  if (say) fmt::print(stderr, "refused: {}\n", words);
  const bool plain = std::ranges::none_of(words, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (!plain || words.empty() || words.size() > 2100) std::abort();
}

/// Runs a reader. It may refuse its input by an InputError or a RunError; anything else that is thrown ends the
/// program, and libFuzzer keeps the input.
template <class Read>
void expect_read_or_refused(Read&& read) {
  try {
    read();
  } catch (const InputError& error) {
    check_words(error.what());
  } catch (const RunError& error) {
    check_words(error.what());
  }
}

/// Takes the input apart. What it has not is zero.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(std::as_bytes(std::span(data, size))) {}

  template <class T>
  T number() {
    T value{};
    const auto bytes = take(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  /// 0..limit-1.
  int below(int limit) { return number<uint8_t>() % limit; }
  std::span<const std::byte> take(size_t count) {
    const auto taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  std::span<const std::byte> rest() { return take(rest_.size()); }
  size_t left() const { return rest_.size(); }

 private:
  std::span<const std::byte> rest_;
};

inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace tersegraph::fuzz
