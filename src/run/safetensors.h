#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tersegraph {

/// A float32 tensor of a safetensors file.
struct Tensor {
  std::vector<int64_t> shape;
  std::vector<float> values;  ///< row-major
};

/// The contents of a safetensors file: words about it, and tensors by name.
struct TensorFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;
};

/// The file's bytes: 8 bytes of header length, the JSON header with sorted names, the values. The same contents give
/// the same bytes.
std::string to_safetensors(const TensorFile& contents);

/// `name` stands in messages. Errors: InputError for bytes that are not such a file, and for tensors that are not
/// float32.
TensorFile parse_safetensors(std::string_view bytes, const std::string& name);

}  // namespace tersegraph
