#include "kernels/spmm.h"

#include <algorithm>
#include <utility>

#include "base/parallel.h"
#include "kernels/prefetch.h"
#include "kernels/simd_targets.h"
#include "kernels/spmm_task.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/spmm.cc"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Vectors summed in one walk over the entries of a row. Wider rows take several walks: the first one brings the
/// neighbours' rows into the second-level cache, the others find them there. (One walk with twice the accumulators is
/// slower.)
constexpr int64_t kTileVectors = 8;

/// How many entries ahead neighbours are asked for.
constexpr int64_t kPrefetchDistance = 16;

/// Sums sizeof...(I) vectors of row i from `column` on, in registers. The last one starts `last` columns further: it
/// may overlap its neighbour and then computes the same numbers twice, so that nothing beyond a row is read or written.
template <bool kPrefetch, class D, size_t... I>
HWY_INLINE void SumTile(D d, const SpmmTask& t, int64_t i, int64_t column, size_t last, std::index_sequence<I...>) {
  constexpr size_t kLanes = hn::MaxLanes(D()), kLast = sizeof...(I) - 1;
  const float* const x0 = t.x + column;
  float* const y = t.y + i * t.cols + column;
  hn::Vec<D> sum[sizeof...(I)];
  if (t.accumulate) {
    ((sum[I] = hn::LoadU(d, y + (I == kLast ? last : I * kLanes))), ...);
  } else {
    ((sum[I] = hn::Zero(d)), ...);
  }
  const int64_t last_entry = t.a.indptr[t.end] - 1;
  for (int64_t e = t.a.begin(i); e < t.a.end(i); ++e) {
    if constexpr (kPrefetch)
      prefetch_row(t.x + t.a.indices[std::min(e + kPrefetchDistance, last_entry)] * t.cols, t.cols);
    const float* x = x0 + t.a.indices[e] * t.cols;
    const auto value = hn::Set(d, t.a.value(e));
    ((sum[I] = hn::MulAdd(value, hn::LoadU(d, x + (I == kLast ? last : I * kLanes)), sum[I])), ...);
  }
  if (t.stream) {
    (hn::Stream(sum[I], d, y + I * kLanes), ...);
  } else {
    (hn::StoreU(sum[I], d, y + (I == kLast ? last : I * kLanes)), ...);
  }
}

/// Rows of whole tiles and a rest of kRest vectors.
template <class D, size_t kRest>
void MultiplyRowsWithRest(const SpmmTask& t, int64_t tiles) {
  constexpr D d;
  constexpr int64_t kLanes = hn::MaxLanes(D()), kTileCols = kTileVectors * kLanes;
  constexpr auto kTile = std::make_index_sequence<kTileVectors>();
  constexpr auto kRestOfRow = std::make_index_sequence<kRest>();
  const auto rest = static_cast<size_t>(t.cols - tiles * kTileCols - kLanes);
  for (int64_t i = t.begin; i < t.end; ++i) {
    if (tiles == 0) {
      SumTile<true>(d, t, i, 0, rest, kRestOfRow);
      continue;
    }
    SumTile<true>(d, t, i, 0, kTileCols - kLanes, kTile);
    for (int64_t k = 1; k < tiles; ++k) SumTile<false>(d, t, i, k * kTileCols, kTileCols - kLanes, kTile);
    SumTile<false>(d, t, i, tiles * kTileCols, rest, kRestOfRow);
  }
}

/// The rest is 1 vector only where it is the whole row: an overlap must lie inside a tile, or += would add to it twice.
template <class D, size_t... R>
void MultiplyRowsWith(const SpmmTask& t, std::index_sequence<R...>) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  const int64_t vectors = (t.cols + kLanes - 1) / kLanes;
  const int64_t tiles = std::max<int64_t>(vectors - 2, 0) / kTileVectors;
  const auto rest = static_cast<size_t>(vectors - tiles * kTileVectors);
  ((rest == R + 1 ? MultiplyRowsWithRest<D, R + 1>(t, tiles) : void()), ...);
}

/// Rows narrower than a vector take shorter vectors.
template <class D>
void MultiplyNarrowRows(const SpmmTask& t) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  if constexpr (kLanes > 1) {
    if (t.cols < kLanes) return MultiplyNarrowRows<hn::CappedTag<float, kLanes / 2>>(t);
  }
  MultiplyRowsWith<D>(t, std::make_index_sequence<2>());
}

void MultiplyRows(const SpmmTask& t) {
  using D = hn::ScalableTag<float>;
  if (t.cols < static_cast<int64_t>(hn::MaxLanes(D()))) {
    MultiplyNarrowRows<D>(t);
  } else {
    MultiplyRowsWith<D>(t, std::make_index_sequence<kTileVectors + 1>());
  }
  if (t.stream) hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(MultiplyRows);

/// Small enough that a block with a hub in it does not keep the other threads waiting, large enough to pay for handing
/// it out.
constexpr int64_t kBlockRows = 64;

/// Results that no cache will hold are written past the caches, which spares reading them first.
constexpr int64_t kStreamBytes = int64_t{8} << 20;

bool worth_streaming(MatrixView y, Write write) {
  const auto row_bytes = static_cast<uint64_t>(y.cols) * sizeof(float);
  return write == Write::overwrite && y.size() * static_cast<int64_t>(sizeof(float)) >= kStreamBytes &&
         (reinterpret_cast<uintptr_t>(y.data) | row_bytes) % 64 == 0;
}

}  // namespace

void spmm_rows(CsrView a, ConstMatrixView x, int64_t begin, int64_t end, float* y, Write write) {
  if (begin >= end || x.cols == 0) return;
  const CsrView rows{end - begin, a.cols, a.indptr + begin, a.indices, a.values};
  HWY_DYNAMIC_DISPATCH(MultiplyRows)
  ({rows, x.data, y, x.cols, 0, rows.rows, write == Write::accumulate, false});
}

void spmm(CsrView a, ConstMatrixView x, MatrixView y, Write write) {
  if (x.cols == 0) return;
  const bool stream = worth_streaming(y, write);
  parallel_blocks(a.rows, kBlockRows, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(MultiplyRows)
    ({a, x.data, y.data, x.cols, begin, end, write == Write::accumulate, stream});
  });
}

void spmm_reference(CsrView a, ConstMatrixView x, MatrixView y, Write write) {
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t c = 0; c < x.cols; ++c) {
      double sum = write == Write::accumulate ? y(i, c) : 0.0;
      for (int64_t e = a.begin(i); e < a.end(i); ++e) sum += static_cast<double>(a.value(e)) * x(a.indices[e], c);
      y(i, c) = static_cast<float>(sum);
    }
  }
}

}  // namespace tersegraph
#endif  // HWY_ONCE
