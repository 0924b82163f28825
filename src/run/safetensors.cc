#include "run/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace tersegraph {
namespace {

using nlohmann::json;

constexpr size_t kLengthBytes = 8;
constexpr const char* kMetadata = "__metadata__";

uint64_t read_length(std::string_view bytes) {
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return length;
}

Tensor parse_tensor(const json& entry, std::string_view data, const std::string& where) {
  const auto dtype = entry.at("dtype").get<std::string>();
  if (dtype != "F32") fail_input("{} has dtype {}; only F32 is read", where, dtype);
  const auto whole = [](const json& number) { return number.is_number_integer(); };
  if (!std::ranges::all_of(entry.at("shape"), whole) || !std::ranges::all_of(entry.at("data_offsets"), whole)) {
    fail_input("{} has a shape or a place that is no list of whole numbers", where);
  }
  Tensor tensor{entry.at("shape").get<std::vector<int64_t>>(), {}};
  const auto [begin, end] = entry.at("data_offsets").get<std::pair<uint64_t, uint64_t>>();
  if (begin > end || end > data.size()) fail_input("{} lies outside the file", where);
  uint64_t count = 1;
  for (int64_t extent : tensor.shape) {
    if (extent < 0 || __builtin_mul_overflow(count, static_cast<uint64_t>(extent), &count)) count = UINT64_MAX / 4;
  }
  if (count > data.size() || count * sizeof(float) != end - begin)
    fail_input("{} has other bytes than its shape", where);
  tensor.values.resize(count);
  if (count > 0) std::memcpy(tensor.values.data(), data.data() + begin, end - begin);
  return tensor;
}

}  // namespace

std::string to_safetensors(const TensorFile& contents) {
  json header = json::object();
  if (!contents.metadata.empty()) header[kMetadata] = contents.metadata;
  size_t offset = 0;
  for (const auto& [name, tensor] : contents.tensors) {
    const size_t end = offset + tensor.values.size() * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  // Values start aligned, for readers that map the file.
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');

  std::string bytes;
  bytes.reserve(kLengthBytes + text.size() + offset);
  for (size_t i = 0; i < kLengthBytes; ++i) bytes += static_cast<char>(uint64_t{text.size()} >> (8 * i) & 0xFF);
  bytes += text;
  for (const auto& [name, tensor] : contents.tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
  }
  return bytes;
}

TensorFile parse_safetensors(std::string_view bytes, const std::string& name) {
  if (bytes.size() < kLengthBytes || read_length(bytes) > bytes.size() - kLengthBytes) {
    fail_input("{} is not a safetensors file, or is cut off", name);
  }
  const std::string_view text = bytes.substr(kLengthBytes, read_length(bytes));
  const std::string_view data = bytes.substr(kLengthBytes + text.size());
  TensorFile contents;
  size_t taken = 0;
  try {
    const json header = json::parse(text);
    for (const auto& [key, entry] : header.items()) {
      if (key == kMetadata) {
        contents.metadata = entry.get<std::map<std::string, std::string>>();
      } else {
        const Tensor& tensor = contents.tensors[key] =
            parse_tensor(entry, data, fmt::format("{}: tensor '{}'", name, key));
        taken += tensor.values.size() * sizeof(float);
        if (taken > data.size()) fail_input("{} has tensors that overlap", name);
      }
    }
  } catch (const json::exception&) {
    fail_input("{} has a header that is not safetensors' JSON", name);
  }
  return contents;
}

}  // namespace tersegraph
