#pragma once

#include <string>

#include "base/file.h"

namespace tersegraph {

/// The whole file. Errors: InputFile's.
inline std::string read_file(const std::string& path) {
  const InputFile file(path);
  std::string bytes(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

}  // namespace tersegraph
