// Weights: what is read is written again and read the same.
#include "run/safetensors.h"

#include "fuzz.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::expect_read_or_refused([&] {
    const TensorFile file = parse_safetensors({reinterpret_cast<const char*>(data), size}, "a");
    const std::string bytes = to_safetensors(file);
    if (to_safetensors(parse_safetensors(bytes, "b")) != bytes) std::abort();
  });
  return 0;
}
