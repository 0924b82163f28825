// Pickles: what a value is asked for, and CSR matrices.
#include "data/pickle.h"

#include "data/pickled_csr.h"
#include "fuzz.h"

using namespace tersegraph;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::expect_read_or_refused([&] {
    const Pickle pickle(std::as_bytes(std::span(data, size)), "a");
    fuzz::expect_read_or_refused([&] { to_vector<float>(pickle.array(pickle.root(), "root")); });
    fuzz::expect_read_or_refused([&] { pickle.integers(pickle.root()); });
    fuzz::expect_read_or_refused([&] { csr_of(pickle, pickle.root()); });
  });
  return 0;
}
