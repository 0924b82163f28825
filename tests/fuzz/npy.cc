// The bytes of an .npy file, and its numbers as every type.
#include "data/npy.h"

#include "fuzz.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::expect_read_or_refused([&] {
    const ArrayView array = parse_npy(std::as_bytes(std::span(data, size)), "a.npy");
    fuzz::expect_read_or_refused([&] { to_vector<uint8_t>(array); });
    fuzz::expect_read_or_refused([&] { to_vector<int32_t>(array); });
    fuzz::expect_read_or_refused([&] { to_vector<float>(array); });
    fuzz::expect_read_or_refused([&] { to_integer(array); });
  });
  return 0;
}
