#include "roofs.h"

#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/error.h"
#include "base/matrix.h"
#include "base/parallel.h"
#include "base/timer.h"

namespace tersegraph {
namespace {

constexpr int64_t kLineFloats = 16;
constexpr int64_t kArrayFloats = int64_t{64} << 20;
constexpr int64_t kBlockFloats = int64_t{1} << 18;

/// Sums that nobody needs go here, so that no compiler leaves them out.
std::atomic<float> sink;

/// `work` is what one call of `repeat` does, in units of 1e9.
template <class Repeat>
Roof reached(double work, double milliseconds, Repeat repeat) {
  repeat();
  Roof roof;
  const Timer whole;
  int repetitions = 0;
  do {
    const Timer timer;
    repeat();
    roof.best = std::max(roof.best, work / timer.seconds());
    ++repetitions;
  } while (whole.seconds() * 1e3 < milliseconds);
  roof.mean = work * repetitions / whole.seconds();
  return roof;
}

/// One word of every line of a row. Several sums, so that no addition waits for the one before.
float touch_row(const float* row, int64_t cols) {
  constexpr int64_t kSums = 8;
  float sums[kSums] = {};
  int64_t c = 0;
  for (; c + kSums * kLineFloats <= cols; c += kSums * kLineFloats) {
    for (int64_t k = 0; k < kSums; ++k) sums[k] += row[c + k * kLineFloats];
  }
  for (int64_t k = 0; c < cols; c += kLineFloats, ++k) sums[k] += row[c];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// The rows that entries begin..end-1 of `a` name.
template <bool kPrefetch>
float touch_rows(CsrView a, ConstMatrixView x, int64_t begin, int64_t end) {
  constexpr int64_t kAhead = 16;
  float sum = 0.0f;
  for (int64_t e = begin; e < end; ++e) {
    if constexpr (kPrefetch) {
      const float* const ahead = x.row(a.indices[std::min(e + kAhead, end - 1)]);
      for (int64_t c = 0; c < x.cols; c += kLineFloats) __builtin_prefetch(ahead + c, 0, 2);
    }
    sum += touch_row(x.row(a.indices[e]), x.cols);
  }
  return sum;
}

template <bool kPrefetch>
Roof gather_with(CsrView a, ConstMatrixView x, double milliseconds) {
  constexpr int64_t kBlockRows = 64;
  const double gbytes = static_cast<double>(a.nnz() * x.cols) * sizeof(float) * 1e-9;
  return reached(gbytes, milliseconds, [&] {
    parallel_blocks(a.rows, kBlockRows, [&](int64_t begin, int64_t end) {
      sink.store(touch_rows<kPrefetch>(a, x, a.indptr[begin], a.indptr[end]), std::memory_order_relaxed);
    });
  });
}

}  // namespace

Roof gemm_roof(double milliseconds, GemmShape shape) {
  const auto [n, k, m] = shape;
  Matrix a(n, k), b(k, m), c(n, m);
  a.fill(0.5f), b.fill(0.5f), c.fill(0.0f);
  const double gflop = 2e-9 * static_cast<double>(n) * static_cast<double>(k) * static_cast<double>(m);
  return reached(gflop, milliseconds, [&, n = n, k = k, m = m] {
    if (dnnl_sgemm('N', 'N', n, m, k, 1.0f, a.data(), k, b.data(), m, 0.0f, c.data(), m) != dnnl_success) {
      fail_run("oneDNN could not multiply ({}, {}) by ({}, {})", n, k, k, m);
    }
  });
}

Roof gather_roof(CsrView a, int64_t cols, double milliseconds) {
  Matrix x(a.cols, cols);
  x.fill(0.5f);
  const Roof plain = gather_with<false>(a, x, milliseconds / 2), ahead = gather_with<true>(a, x, milliseconds / 2);
  return plain.mean > ahead.mean ? plain : ahead;
}

Roof copy_roof(double milliseconds) {
  Matrix from(1, kArrayFloats), to(1, kArrayFloats);
  from.fill(0.5f), to.fill(0.0f);
  return reached(2e-9 * kArrayFloats * sizeof(float), milliseconds, [&] {
    parallel_blocks(kArrayFloats, kBlockFloats, [&](int64_t begin, int64_t end) {
      std::memcpy(to.data() + begin, from.data() + begin, static_cast<size_t>(end - begin) * sizeof(float));
    });
  });
}

Roof read_roof(double milliseconds) {
  Matrix from(1, kArrayFloats);
  from.fill(0.5f);
  return reached(1e-9 * kArrayFloats * sizeof(float), milliseconds, [&] {
    parallel_blocks(kArrayFloats, kBlockFloats, [&](int64_t begin, int64_t end) {
      float sum = 0.0f;
      for (int64_t k = begin; k < end; k += kLineFloats) sum += from.data()[k];
      sink.store(sum, std::memory_order_relaxed);
    });
  });
}

}  // namespace tersegraph
