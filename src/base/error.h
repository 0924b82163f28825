#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace tersegraph {

/// A mistake in the user's words or files. The message is one line: what, where, what to do. The program exits with 2.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The run itself failed: it diverged, or a rank was lost. The program exits with 3.
class RunError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A message may show what stands in a file: without line ends and terminal codes, and not for pages.
inline std::string one_line(std::string text) {
  constexpr size_t kLongest = 2000;
  if (text.size() > kLongest) text.replace(kLongest / 2, text.size() - kLongest, " ... ");
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return text;
}

template <class... Args>
[[noreturn]] void fail_input(fmt::format_string<Args...> format, Args&&... args) {
  throw InputError(one_line(fmt::format(format, std::forward<Args>(args)...)));
}

template <class... Args>
[[noreturn]] void fail_run(fmt::format_string<Args...> format, Args&&... args) {
  throw RunError(one_line(fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace tersegraph
