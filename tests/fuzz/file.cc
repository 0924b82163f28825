// One file of any format, told by its contents: edge lists, adjacency lines, MatrixMarket, all of them gzipped,
// archives.
#include "data/dataset.h"
#include "memory_folder.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::MemoryFolder folder;
  const std::string path = folder.write("data", {reinterpret_cast<const char*>(data), size});
  fuzz::expect_read_or_refused([&] { load_dataset(path); });
  return 0;
}
