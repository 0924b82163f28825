#include "nn/init.h"

#include <cmath>

#include "base/parallel.h"
#include "base/rng.h"

namespace tersegraph {
namespace {

template <class FromBits>
void fill(uint64_t seed, int64_t tensor, MatrixView w, FromBits from_bits) {
  const StreamKey key(seed, Purpose::init, {}, 0, tensor);
  parallel_blocks(w.size(), 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t e = begin; e < end; ++e) w.data[e] = static_cast<float>(from_bits(key.row(e)));
  });
}

void fill_normal(uint64_t seed, int64_t tensor, MatrixView w, double deviation) {
  fill(seed, tensor, w, [deviation](uint64_t bits) { return deviation * normal_from_bits(bits); });
}

}  // namespace

void initialise_weights(InitKind kind, uint64_t seed, int64_t tensor, MatrixView w) {
  switch (kind) {
    case InitKind::glorot: {
      const double limit = std::sqrt(6.0 / static_cast<double>(w.rows + w.cols));
      fill(seed, tensor, w, [limit](uint64_t bits) { return limit * (2.0 * uniform01(bits) - 1.0); });
      break;
    }
    case InitKind::he:
      fill_normal(seed, tensor, w, std::sqrt(2.0 / static_cast<double>(w.rows)));
      break;
    case InitKind::normal:
      fill_normal(seed, tensor, w, 0.1);
      break;
  }
}

}  // namespace tersegraph
