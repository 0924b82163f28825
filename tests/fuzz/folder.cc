// Datasets of several files or arrays, in every format.
#include "memory_folder.h"
#include "read_dataset.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::MemoryFolder folder;
  const auto names = folder.fill(fuzz::Input(data, size));
  fuzz::read_dataset(names.contains("data.npz") ? folder.path() + "/data.npz" : folder.path());
  return 0;
}
