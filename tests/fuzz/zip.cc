// Archives, with every member unpacked.
#include "data/zip.h"

#include "memory_folder.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::MemoryFolder folder;
  const std::string path = folder.write("a.zip", {reinterpret_cast<const char*>(data), size});
  fuzz::expect_read_or_refused([&] {
    const ZipReader zip(path);
    uint64_t unpacked = 0;
    for (const ZipMember& member : zip.members()) {
      fuzz::expect_read_or_refused([&] { unpacked += zip.read(member).size; });
    }
    if (unpacked > 1032 * (size + 1)) std::abort();
  });
  return 0;
}
