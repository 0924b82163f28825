// A run's folder, as the report reads it.
#include "run/report.h"

#include "data/synthetic.h"
#include "memory_folder.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::MemoryFolder folder;
  static const Dataset dataset = synthetic_dataset("sbm:nodes=60,edges=100,classes=3,features=2");
  folder.fill(fuzz::Input(data, size));
  fuzz::expect_read_or_refused([&] { report_page({folder.path()}, &dataset); });
  return 0;
}
