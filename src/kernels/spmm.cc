#include "kernels/spmm.h"

#include <algorithm>
#include <utility>

#include "kernels/prefetch.h"
#include "kernels/edge_blocks.h"
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

/// Vectors summed in one walk over the entries of a row, by the number of registers. Wider rows take several walks: the
/// first one brings the neighbours' rows into the second-level cache, the others find them there.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int64_t kTileVectors = 16;
#else
constexpr int64_t kTileVectors = 8;
#endif

template <class D>
HWY_INLINE hn::Vec<D> LoadFloats(D d, const float* x) {
  return hn::LoadU(d, x);
}

template <class D>
HWY_INLINE hn::Vec<D> LoadFloats(D d, const Bf16* x) {
  const hn::RebindToUnsigned<D> du;
  const auto upper = hn::LoadU(hn::Rebind<Bf16, D>(), x);
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(du, upper)));
}

/// Where the entries of a row are, and those that come after them: those of the next row, which a list of rows may have
/// anywhere.
struct RowEntries {
  int64_t begin, end, distance;
  int64_t jump;        // from the end to the next row
  int64_t last_ahead;  // of the entries after the end: the last one to ask for

  template <class X>
  RowEntries(const SpmmTask<X>& t, int64_t k) : distance(t.distance) {
    if (t.rows == nullptr) {
      begin = t.a.begin(k);
      end = t.a.end(k);
      jump = 0;
      last_ahead = t.a.begin(t.end) - 1;
    } else {
      const int64_t next = t.rows[k + 1 < t.end ? k + 1 : k];
      begin = t.a.begin(t.rows[k]);
      end = t.a.end(t.rows[k]);
      jump = t.a.begin(next) - end;
      last_ahead = std::max<int64_t>(t.a.end(next) - 1, 0);
    }
  }

  int64_t ahead(int64_t e) const {
    e += distance;
    return e < end ? e : std::min(e + jump, last_ahead);
  }
};

/// Sums sizeof...(I) vectors of row k from `column` on, in registers. The last one starts `last` columns further: it
/// may overlap its neighbour and then computes the same numbers twice, so that nothing beyond a row is read or written.
template <bool kPrefetch, class D, class X, size_t... I>
HWY_INLINE void SumTile(D d, const SpmmTask<X>& t, const RowEntries& entries, int64_t k, int64_t column, size_t last,
                        std::index_sequence<I...>) {
  constexpr size_t kLanes = hn::MaxLanes(D()), kLast = sizeof...(I) - 1;
  const X* const x0 = t.x + column;
  float* const y = t.y + k * t.cols + column;
  hn::Vec<D> sum[sizeof...(I)];
  if (t.accumulate) {
    ((sum[I] = hn::LoadU(d, y + (I == kLast ? last : I * kLanes))), ...);
  } else {
    ((sum[I] = hn::Zero(d)), ...);
  }
  for (int64_t e = entries.begin; e < entries.end; ++e) {
    if constexpr (kPrefetch) prefetch_row(t.x + t.a.indices[entries.ahead(e)] * t.cols, t.cols);
    const X* x = x0 + t.a.indices[e] * t.cols;
    const auto value = hn::Set(d, t.a.value(e));
    ((sum[I] = hn::MulAdd(value, LoadFloats(d, x + (I == kLast ? last : I * kLanes)), sum[I])), ...);
  }
  if (t.stream) {
    (hn::Stream(sum[I], d, y + I * kLanes), ...);
  } else {
    (hn::StoreU(sum[I], d, y + (I == kLast ? last : I * kLanes)), ...);
  }
}

/// Rows of whole tiles and a rest of kRest vectors.
template <class D, size_t kRest, class X>
void MultiplyRowsWithRest(const SpmmTask<X>& t, int64_t tiles) {
  constexpr D d;
  constexpr int64_t kLanes = hn::MaxLanes(D()), kTileCols = kTileVectors * kLanes;
  constexpr auto kTile = std::make_index_sequence<kTileVectors>();
  constexpr auto kRestOfRow = std::make_index_sequence<kRest>();
  const auto rest = static_cast<size_t>(t.cols - tiles * kTileCols - kLanes);
  for (int64_t k = t.begin; k < t.end; ++k) {
    const RowEntries entries(t, k);
    if (tiles == 0) {
      SumTile<true>(d, t, entries, k, 0, rest, kRestOfRow);
      continue;
    }
    SumTile<true>(d, t, entries, k, 0, kTileCols - kLanes, kTile);
    for (int64_t tile = 1; tile < tiles; ++tile) {
      SumTile<false>(d, t, entries, k, tile * kTileCols, kTileCols - kLanes, kTile);
    }
    SumTile<false>(d, t, entries, k, tiles * kTileCols, rest, kRestOfRow);
  }
}

/// The rest is 1 vector only where it is the whole row: an overlap must lie inside a tile, or += would add to it twice.
template <class D, class X, size_t... R>
void MultiplyRowsWith(const SpmmTask<X>& t, std::index_sequence<R...>) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  const int64_t vectors = (t.cols + kLanes - 1) / kLanes;
  const int64_t tiles = std::max<int64_t>(vectors - 2, 0) / kTileVectors;
  const auto rest = static_cast<size_t>(vectors - tiles * kTileVectors);
  ((rest == R + 1 ? MultiplyRowsWithRest<D, R + 1>(t, tiles) : void()), ...);
}

/// Rows narrower than a vector take shorter vectors.
template <class D, class X>
void MultiplyNarrowRows(const SpmmTask<X>& t) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  if constexpr (kLanes > 1) {
    if (t.cols < kLanes) return MultiplyNarrowRows<hn::CappedTag<float, kLanes / 2>>(t);
  }
  MultiplyRowsWith<D>(t, std::make_index_sequence<2>());
}

template <class X>
void Multiply(const SpmmTask<X>& t) {
  using D = hn::ScalableTag<float>;
  if (t.cols < static_cast<int64_t>(hn::MaxLanes(D()))) {
    MultiplyNarrowRows<D>(t);
  } else {
    MultiplyRowsWith<D>(t, std::make_index_sequence<kTileVectors + 1>());
  }
  if (t.stream) hwy::FlushStream();
}

void MultiplyFloatRows(const SpmmTask<float>& t) {
  Multiply(t);
}

void MultiplyBf16Rows(const SpmmTask<Bf16>& t) {
  Multiply(t);
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(MultiplyFloatRows);
HWY_EXPORT(MultiplyBf16Rows);

void dispatch(const SpmmTask<float>& t) {
  HWY_DYNAMIC_DISPATCH(MultiplyFloatRows)(t);
}

void dispatch(const SpmmTask<Bf16>& t) {
  HWY_DYNAMIC_DISPATCH(MultiplyBf16Rows)(t);
}

/// How much of the rows to come is under way while one is summed. A third of that is too late for memory, and four times
/// as much is more than first-level caches keep.
constexpr int64_t kPrefetchBytes = 12 << 10;
constexpr int64_t kLargestDistance = 64;

template <class X>
void multiply_rows(SpmmTask<X> t) {
  t.distance = std::min(kPrefetchBytes / (t.cols * static_cast<int64_t>(sizeof(X))) + 1, kLargestDistance);
  dispatch(t);
}

/// Results that no cache will hold are written past the caches, which spares reading them first.
constexpr int64_t kStreamBytes = int64_t{8} << 20;

bool worth_streaming(MatrixView y, Write write) {
  const auto row_bytes = static_cast<uint64_t>(y.cols) * sizeof(float);
  return write == Write::overwrite && y.size() * static_cast<int64_t>(sizeof(float)) >= kStreamBytes &&
         (reinterpret_cast<uintptr_t>(y.data) | row_bytes) % 64 == 0;
}

template <class X>
void multiply_all(CsrView a, const X* x, MatrixView y, Write write) {
  if (y.cols == 0) return;
  const bool stream = worth_streaming(y, write);
  parallel_edge_blocks(a, [&](int64_t begin, int64_t end) {
    multiply_rows<X>({a, x, nullptr, y.data, y.cols, begin, end, write == Write::accumulate, stream});
  });
}

template <class X>
void multiply_range(CsrView a, const X* x, int64_t cols, int64_t begin, int64_t end, float* y, Write write) {
  if (begin >= end || cols == 0) return;
  const CsrView rows{end - begin, a.cols, a.indptr + begin, a.indices, a.values};
  multiply_rows<X>({rows, x, nullptr, y, cols, 0, rows.rows, write == Write::accumulate, false});
}

template <class X>
void multiply_listed(CsrView a, const X* x, int64_t cols, std::span<const int32_t> rows, float* y, Write write) {
  if (rows.empty() || cols == 0) return;
  const auto count = static_cast<int64_t>(rows.size());
  multiply_rows<X>({a, x, rows.data(), y, cols, 0, count, write == Write::accumulate, false});
}

}  // namespace

void spmm(CsrView a, ConstMatrixView x, MatrixView y, Write write) {
  multiply_all(a, x.data, y, write);
}

void spmm(CsrView a, ConstBf16View x, MatrixView y, Write write) {
  multiply_all(a, x.data, y, write);
}

void spmm_rows(CsrView a, ConstMatrixView x, int64_t begin, int64_t end, float* y, Write write) {
  multiply_range(a, x.data, x.cols, begin, end, y, write);
}

void spmm_rows(CsrView a, ConstBf16View x, int64_t begin, int64_t end, float* y, Write write) {
  multiply_range(a, x.data, x.cols, begin, end, y, write);
}

void spmm_rows(CsrView a, ConstMatrixView x, std::span<const int32_t> rows, float* y, Write write) {
  multiply_listed(a, x.data, x.cols, rows, y, write);
}

void spmm_rows(CsrView a, ConstBf16View x, std::span<const int32_t> rows, float* y, Write write) {
  multiply_listed(a, x.data, x.cols, rows, y, write);
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
