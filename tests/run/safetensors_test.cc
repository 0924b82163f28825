#include "run/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "data/npz_files.h"

namespace tersegraph {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::little;

std::string file_of(const std::string& header, const std::string& data) {
  return little<uint64_t>(header.size()) + header + data;
}

// By hand, from the format's description.
TEST(Safetensors, WritesTheFormat) {
  TensorFile file;
  file.metadata["model"] = "gcn";
  file.tensors["b"] = {{2}, {1.0f, 2.0f}};
  file.tensors["a"] = {{1, 1}, {-0.5f}};
  std::string header = R"({"__metadata__":{"model":"gcn"},"a":{"data_offsets":[0,4],"dtype":"F32","shape":[1,1]},)"
                       R"("b":{"data_offsets":[4,12],"dtype":"F32","shape":[2]}})";
  header.append((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(to_safetensors(file), file_of(header, little(-0.5f) + little(1.0f) + little(2.0f)));
}

TEST(Safetensors, ReadsWhatItWrites) {
  TensorFile file;
  file.metadata = {{"task", "multiclass"}, {"words", "\"quoted\" \n"}};
  file.tensors["weight"] = {{2, 3}, {1, -2, 3e30f, std::numeric_limits<float>::infinity(), 0, 5}};
  file.tensors["empty"] = {{0, 4}, {}};
  const TensorFile read = parse_safetensors(to_safetensors(file), "file");
  EXPECT_EQ(read.metadata, file.metadata);
  ASSERT_EQ(read.tensors.size(), 2u);
  EXPECT_EQ(read.tensors.at("weight").shape, file.tensors["weight"].shape);
  EXPECT_EQ(read.tensors.at("weight").values, file.tensors["weight"].values);
  EXPECT_EQ(read.tensors.at("empty").shape, file.tensors["empty"].shape);
}

TEST(Safetensors, EveryCutIsRefused) {
  TensorFile file;
  file.tensors["weight"] = {{2, 2}, {1, 2, 3, 4}};
  const std::string bytes = to_safetensors(file);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_NE(error_of<InputError>([&] { parse_safetensors(std::string_view(bytes).substr(0, length), "file"); }), "")
        << length;
  }
}

TEST(Safetensors, LiesAreRefused) {
  const std::string data(16, '\0');
  const std::pair<const char*, const char*> lies[] = {
      {R"({"w":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}})", "outside the file"},
      {R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[8,4]}})", "outside the file"},
      {R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}})", "than its shape"},
      {R"({"w":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}})", "than its shape"},
      {R"({"w":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,0]}})",
       "than its shape"},
      {R"({"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", "than its shape"},
      {R"({"w":{"dtype":"F16","shape":[8],"data_offsets":[0,16]}})", "only F32"},
      {R"({"w":{"shape":[4],"data_offsets":[0,16]}})", "JSON"},
      {R"({"w":{"dtype":"F32","shape":"4","data_offsets":[0,16]}})", "whole numbers"},
      {R"({"w":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}})", "whole numbers"},
      {R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,1e300]}})", "whole numbers"},
      {R"({"v":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       "overlap"},
      {R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}})", "outside the file"},
      {R"([1, 2])", "JSON"},
      {R"({"w":)", "JSON"},
  };
  for (const auto& [header, says] : lies) {
    EXPECT_THAT(
        error_of<InputError>([&, &header = header, &data = data] { parse_safetensors(file_of(header, data), "file"); }),
        HasSubstr(says))
        << header;
  }
  const std::string deep = std::string(1000000, '[') + std::string(1000000, ']');
  EXPECT_THAT(
      error_of<InputError>([&] { parse_safetensors(file_of(R"({"w":{"dtype":)" + deep + "}}", data), "file"); }),
      HasSubstr("JSON"));
  EXPECT_NE(error_of<InputError>([&] { parse_safetensors(little<uint64_t>(UINT64_MAX) + "{}", "file"); }), "");
}

}  // namespace
}  // namespace tersegraph
