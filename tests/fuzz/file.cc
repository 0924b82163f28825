// One file of any format, told by its contents: edge lists, adjacency lines, MatrixMarket, all of them gzipped,
// archives.
#include "memory_folder.h"
#include "read_dataset.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::MemoryFolder folder;
  const std::string path = folder.write("data", {reinterpret_cast<const char*>(data), size});
  fuzz::read_dataset(path);
  return 0;
}
