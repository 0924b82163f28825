// Checkpoint files; and, since their checksums keep damage out, the parts of a file whose checksums are right.
#include "run/checkpoint.h"

#include <algorithm>

#include "memory_folder.h"
#include "run/fingerprint.h"
#include "run/resume.h"

using namespace tersegraph;

namespace {

constexpr const char* kParts[] = {"run/fingerprint", "run/records", "run/place", "loop/result"};

SavedState state_of(fuzz::Input& input) {
  SavedState state;
  while (input.left() > 0) {
    const char* name = kParts[input.below(4)];
    const auto bytes = input.take(input.number<uint16_t>());
    state.set_bytes(name, {bytes.begin(), bytes.end()});
  }
  return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const bool raw = input.below(2) == 0;
  fuzz::expect_read_or_refused([&] {
    const SavedState state = raw ? read_checkpoint(input.rest(), "a") : state_of(input);
    fuzz::expect_read_or_refused([&] {
      const auto records = saved_records(state);
      if (saved_records(common_parts({}, records)).size() != records.size()) std::abort();
    });
    fuzz::expect_read_or_refused([&] {
      const auto& text = state.bytes(kParts[0]);
      const auto fingerprint = Fingerprint::parse(std::string(fuzz::text_of(text)));
      if (difference(fingerprint, fingerprint)) std::abort();
    });
    fuzz::expect_read_or_refused([&] { state.get<CheckpointPlace>(kParts[2]); });
  });
  return 0;
}
