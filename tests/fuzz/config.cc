// config.toml, and the words in it as the trainers read them.
#include "run/config.h"

#include "memory_folder.h"
#include "run/trainers.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::MemoryFolder folder;
  const std::string path = folder.write("config.toml", {reinterpret_cast<const char*>(data), size});
  fuzz::expect_read_or_refused([&] {
    RunConfig config;
    read_config(path, config);
    const std::string words = to_toml(config);
    RunConfig again;
    read_config(folder.write("again.toml", words), again);
    if (to_toml(again) != words) std::abort();
    check_words(resolve(config));
  });
  return 0;
}
