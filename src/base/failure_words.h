#pragma once

#include <exception>
#include <new>
#include <string>
#include <system_error>

namespace tersegraph {

/// What to say of a failure: what() of most.
inline std::string words_of(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return "out of memory; use more ranks on more machines, or a smaller --hidden";
  }
  const auto* const system = dynamic_cast<const std::system_error*>(&error);
  if (system != nullptr && system->code() == std::errc::resource_unavailable_try_again) {
    return "no thread can be started: memory or the number of threads is limited (ulimit -v, -u)";
  }
  return error.what();
}

}  // namespace tersegraph
