// Datasets of several files or arrays, in every format.
#include "data/dataset.h"
#include "memory_folder.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::MemoryFolder folder;
  const auto names = folder.fill(fuzz::Input(data, size));
  fuzz::expect_read_or_refused(
      [&] { load_dataset(names.contains("data.npz") ? folder.path() + "/data.npz" : folder.path()); });
  return 0;
}
