#include "kernels/row_codec.h"

#include <algorithm>
#include <cstring>

#include "base/buffer.h"
#include "base/parallel.h"
#include "kernels/encode_task.h"
#include "kernels/simd_targets.h"
#include "kernels/spmm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/row_codec.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/random-inl.h"
#include "kernels/row_params-inl.h"
#include "kernels/row_planes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::CappedTag<float, 16>;

/// Numbers inside a message stand at any byte. (A vector of one lane is moved as a number, which would have to be
/// aligned.)
template <class D>
HWY_INLINE hn::Vec<D> LoadBytes(D d, const std::byte* from) {
  using T = hn::TFromD<D>;
  if constexpr (hn::MaxLanes(D()) > 1) return hn::LoadU(d, reinterpret_cast<const T*>(from));
  T number;
  std::memcpy(&number, from, sizeof(T));
  return hn::Set(d, number);
}

template <class D>
HWY_INLINE void StoreBytes(hn::Vec<D> v, D d, std::byte* to) {
  using T = hn::TFromD<D>;
  if constexpr (hn::MaxLanes(D()) > 1) return hn::StoreU(v, d, reinterpret_cast<T*>(to));
  const T number = hn::GetLane(v);
  std::memcpy(to, &number, sizeof(T));
}

/// Asks for bytes, into the first-level cache: where rows come in random order, half the time of the second.
HWY_INLINE void PrefetchBytes(const void* from, int64_t bytes) {
  const auto* at = static_cast<const char*>(from);
  for (int64_t k = 0; k < bytes; k += 64) __builtin_prefetch(at + k, 0, 3);
}

/// Calls kernel(tag, column) for the columns from `column` on, by vectors that halve at the end.
template <class D, class Kernel>
HWY_INLINE void ForColumns(D d, int64_t column, int64_t cols, const Kernel& kernel) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  for (; column + kLanes <= cols; column += kLanes) kernel(d, column);
  if constexpr (kLanes > 1) ForColumns(hn::CappedTag<float, kLanes / 2>(), column, cols, kernel);
}

/// Calls kernel(tag, column, vector of random16) for every column.
template <class Kernel>
struct WithRandomNumbers {
  const Kernel& kernel;
  uint64_t row_key;

  template <class D>
  HWY_INLINE void operator()(D d, int64_t column) const {
    kernel(d, column, Random16(hn::RebindToUnsigned<D>(), row_key, column));
  }
};

template <class Kernel>
HWY_INLINE void ForColumnsAtRandom(int64_t cols, uint64_t row_key, const Kernel& kernel, int64_t column = 0) {
  constexpr Floats d;
  constexpr hn::RebindToUnsigned<Floats> du;
  constexpr int64_t kLanes = hn::MaxLanes(Floats());
  auto counters = WordCounters(du, row_key, static_cast<uint32_t>(column / 2));
  const auto step = hn::Set(du, kWordStep * static_cast<uint32_t>(kLanes));
  for (; column + 32 <= cols; column += 32) {
    for (int64_t w = 0; w < 16; w += kLanes) {
      const auto words = MixCounters(du, row_key, counters);
      counters = hn::Add(counters, step);
      kernel(d, column + w, LowHalves(du, words));
      kernel(d, column + 16 + w, HighHalves(words));
    }
  }
  ForColumns(d, column, cols, WithRandomNumbers<Kernel>{kernel, row_key});
}

/// Sums of f (1 - f) in units of 2^-kTraceBits, by lane; whole numbers, so that any length of vectors gives the same.
constexpr int kTraceBits = 12;
struct alignas(64) TraceSums {
  uint32_t lanes[16] = {};

  uint64_t total() const {
    uint64_t sum = 0;
    for (const uint32_t lane : lanes) sum += lane;
    return sum;
  }
};

/// The nearest whole number, ties to even, of numbers that int32_t holds. (Highway's NearestInt also sees to those that
/// it does not, for as many instructions as all else that a column takes.)
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
template <size_t kLanes>
HWY_INLINE hn::Vec128<int32_t, kLanes> NearestInRange(hn::Vec128<float, kLanes> v) {
  return hn::Vec128<int32_t, kLanes>{_mm_cvtps_epi32(v.raw)};
}
#if HWY_TARGET <= HWY_AVX2
HWY_INLINE hn::Vec256<int32_t> NearestInRange(hn::Vec256<float> v) {
  return hn::Vec256<int32_t>{_mm256_cvtps_epi32(v.raw)};
}
#endif
#if HWY_TARGET <= HWY_AVX3
HWY_INLINE hn::Vec512<int32_t> NearestInRange(hn::Vec512<float> v) {
  return hn::Vec512<int32_t>{_mm512_cvtps_epi32(v.raw)};
}
#endif
#else
template <class V>
HWY_INLINE auto NearestInRange(V v) {
  return hn::NearestInt(v);
}
#endif

template <bool kTrace>
struct QuantizeColumns {
  const float* x;
  RowParams params;
  float units_per_value;
  uint32_t top;
  uint8_t* codes;
  TraceSums* sums;

  /// The codes of the columns from `column` on in the high halves; they may be one above the top.
  template <class D, class VU>
  HWY_INLINE VU CodesInHighHalves(D d, int64_t column, VU random) const {
    const hn::RebindToUnsigned<D> du;
    const auto above = hn::Sub(hn::LoadU(d, x + column), hn::Set(d, params.min));
    const auto units = hn::BitCast(du, NearestInRange(hn::Mul(above, hn::Set(d, units_per_value))));
    if constexpr (kTrace) {
      const auto f = hn::And(units, hn::Set(du, 0xFFFFu));
      const auto spread = hn::ShiftRight<32 - kTraceBits>(hn::Mul(f, hn::Sub(hn::Set(du, 0x10000u), f)));
      hn::StoreU(hn::Add(spread, hn::LoadU(du, sums->lanes)), du, sums->lanes);
    }
    return hn::Add(units, random);
  }

  template <class D, class VU>
  HWY_INLINE void operator()(D d, int64_t column, VU random) const {
    const hn::RebindToUnsigned<D> du;
    const hn::Rebind<uint8_t, D> d8;
    const auto code = hn::ShiftRight<16>(CodesInHighHalves(d, column, random));
    hn::StoreU(hn::TruncateTo(d8, hn::Min(code, hn::Set(du, top))), d8, codes + column);
  }
};

#if HWY_MAX_BYTES >= 32
/// Quantizes columns by four vectors, which fill one of bytes; returns where those that are left begin.
template <bool kTrace>
HWY_INLINE int64_t QuantizeByFour(int64_t cols, uint64_t row_key, const QuantizeColumns<kTrace>& kernel) {
  constexpr Floats d;
  constexpr hn::RebindToUnsigned<Floats> du;
  constexpr hn::Repartition<uint16_t, Floats> d16;
  constexpr hn::Repartition<uint8_t, Floats> d8;
  constexpr int64_t kLanes = hn::MaxLanes(Floats());
  constexpr int64_t kSecond = kLanes == 16 ? 32 : 8;  // where the columns of the second words begin
  // In a block of 16 bytes: 4 columns of the first words' low halves, of their high ones, and so of the second words.
  HWY_ALIGN static constexpr uint8_t kInBlock[16] = {0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15};
  // Then these fours over all blocks, by their columns.
  HWY_ALIGN static constexpr uint32_t kOrder16[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
  HWY_ALIGN static constexpr uint32_t kOrder8[8] = {0, 4, 2, 6, 1, 5, 3, 7};
  const auto in_block = hn::LoadDup128(d8, kInBlock);
  const auto order = hn::SetTableIndices(du, kLanes == 16 ? kOrder16 : kOrder8);
  const auto top = hn::Set(d16, static_cast<uint16_t>(kernel.top));
  const auto step = hn::Set(du, kWordStep * static_cast<uint32_t>(kLanes));
  auto counters = WordCounters(du, row_key, 0);
  const auto pairs_at = [&](int64_t column) HWY_ATTR {
    const auto words = MixCounters(du, row_key, counters);
    counters = hn::Add(counters, step);
    const auto low = hn::ShiftRight<16>(kernel.CodesInHighHalves(d, column, LowHalves(du, words)));
    const auto high = kernel.CodesInHighHalves(d, column + 16, HighHalves(words));
    return hn::Min(hn::OddEven(hn::BitCast(d16, high), hn::BitCast(d16, low)), top);
  };
  int64_t column = 0;
  for (; column + 4 * kLanes <= cols; column += 4 * kLanes) {
    const auto first = pairs_at(column);
    const auto second = pairs_at(column + kSecond);
    const auto bytes = hn::BitCast(d8, hn::Or(first, hn::ShiftLeft<8>(second)));
    const auto blocks = hn::BitCast(du, hn::TableLookupBytes(bytes, in_block));
    hn::StoreU(hn::BitCast(d8, hn::TableLookupLanes(blocks, order)), d8, kernel.codes + column);
  }
  return column;
}
#endif

template <bool kTrace>
HWY_INLINE void QuantizeRow(int64_t cols, uint64_t row_key, const QuantizeColumns<kTrace>& kernel) {
  int64_t column = 0;
#if HWY_MAX_BYTES >= 32
  column = QuantizeByFour(cols, row_key, kernel);
#endif
  ForColumnsAtRandom(cols, row_key, kernel, column);
}

/// To bf16; infinities stay, NaN stays NaN.
struct RoundColumns {
  const float* x;
  std::byte* out;

  template <class D, class VU>
  HWY_INLINE void operator()(D d, int64_t column, VU random) const {
    const hn::RebindToUnsigned<D> du;
    const hn::RebindToSigned<D> di;
    const hn::Rebind<uint16_t, D> d16;
    const auto bits = hn::BitCast(du, hn::LoadU(d, x + column));
    const auto magnitude = hn::BitCast(di, hn::And(bits, hn::Set(du, 0x7FFFFFFFu)));
    const auto infinity = hn::Set(di, 0x7F800000);
    const auto quiet = hn::IfThenElseZero(hn::Gt(magnitude, infinity), hn::Set(di, 0x400000));
    const auto special = hn::Or(bits, hn::BitCast(du, quiet));
    const auto finite = hn::RebindMask(du, hn::Lt(magnitude, infinity));
    const auto rounded = hn::ShiftRight<16>(hn::IfThenElse(finite, hn::Add(bits, random), special));
    StoreBytes(hn::TruncateTo(d16, rounded), d16, out + 2 * column);
  }
};

/// variance: null, or where to add the row's (see RowTrace).
void EncodeIntegers(const float* x, int64_t cols, int bits, uint64_t row_key, const RowParams& params, uint8_t* payload,
                    uint8_t* codes, float* variance) {
  if (params.scale == 0.0f) {
    std::memset(payload, 0, static_cast<size_t>(payload_bytes(bits, cols)));
    return;
  }
  if (bits == 8) codes = payload;
  const uint32_t top = (1u << bits) - 1;
  const float units_per_value = kUnitsPerStep / params.scale;
  if (variance == nullptr) {
    QuantizeRow(cols, row_key, QuantizeColumns<false>{x, params, units_per_value, top, codes, nullptr});
  } else {
    TraceSums sums;
    QuantizeRow(cols, row_key, QuantizeColumns<true>{x, params, units_per_value, top, codes, &sums});
    const float range = params.scale * static_cast<float>(top);
    *variance += std::min(range * range, kLargestTrace) * static_cast<float>(sums.total()) / (1 << kTraceBits);
  }
  if (bits == 8) return;
  std::memset(codes + cols, 0, 8);
  PackCodes(bits, codes, cols, payload);
}

float SquaredNorm(const float* x, int64_t cols) {
  constexpr Floats d;
  constexpr int64_t kLanes = hn::MaxLanes(Floats());
  auto squares = hn::Zero(d);
  int64_t column = 0;
  for (; column + kLanes <= cols; column += kLanes) {
    const auto v = hn::LoadU(d, x + column);
    squares = hn::MulAdd(v, v, squares);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, squares));
  for (; column < cols; ++column) sum += x[column] * x[column];
  return sum;
}

/// What a row of 0 bits is traced as.
constexpr int kTracedBits = 8;

/// Row k of the task, which stands at x.
void EncodeRow(const EncodeTask& t, int64_t k, const float* x, const RowParams& params, uint8_t* codes) {
  const int bits = t.out.bits[k];
  const int64_t cols = t.x.cols;
  const uint64_t row_key = t.key.row(t.row_ids[k]);
  std::byte* payload = t.out.payload + t.out.offsets[k];
  const RowTrace& trace = t.out.trace;
  float* variance = trace.variances == nullptr ? nullptr : trace.variances + k;
  if (bits == 32) {
    std::copy_n(reinterpret_cast<const std::byte*>(x), cols * 4, payload);
  } else if (bits == 16) {
    ForColumnsAtRandom(cols, row_key, RoundColumns{x, payload});
  } else if (bits > 0) {
    t.out.params[k] = params;
    EncodeIntegers(x, cols, bits, row_key, params, reinterpret_cast<uint8_t*>(payload), codes, variance);
  } else {
    t.out.params[k] = {};
    if (variance != nullptr) EncodeIntegers(x, cols, kTracedBits, row_key, params, codes, codes, variance);
  }
  if (trace.norms != nullptr && bits <= 8) trace.norms[k] += std::min(SquaredNorm(x, cols), kLargestTrace);
}

void AddRow(const RowSums& more, int64_t k, float* sum) {
  for (int64_t e = more.gather.begin(k); e < more.gather.end(k); ++e) {
    const float* row = more.x.row(more.gather.indices[e]);
    const float value = more.gather.value(e);
    for (int64_t column = 0; column < more.x.cols; ++column) sum[column] += value * row[column];
  }
}

/// Where row k of the task stands: in x, or summed in `sum`.
const float* RowToEncode(const EncodeTask& t, int64_t k, float* sum) {
  const CsrView &gather = t.gather, &more = t.more.gather;
  const bool has_more = more.rows > 0 && more.begin(k) < more.end(k);
  if (!has_more && gather.values == nullptr && gather.end(k) - gather.begin(k) == 1) {
    return t.x.row(gather.indices[gather.begin(k)]);
  }
  spmm_rows(gather, t.x, k, k + 1, sum);
  if (has_more) AddRow(t.more, k, sum);
  return sum;
}

/// Asks for the rows of x that the rows take, the first ones of long sums.
void PrefetchBatch(const EncodeTask& t, int64_t begin, int64_t end) {
  constexpr int64_t kMost = 8;
  for (int64_t k = begin; k < end; ++k) {
    const int64_t last = std::min(t.gather.end(k), t.gather.begin(k) + kMost);
    for (int64_t e = t.gather.begin(k); e < last; ++e) PrefetchBytes(t.x.row(t.gather.indices[e]), 4 * t.x.cols);
  }
}

/// Rows go in batches that the first-level cache holds: parameters of all, then codes of all. So the processor finds a
/// row's parameters, one long chain of instructions, while it is busy with other rows. The next batch is asked for row
/// by row while this one is quantized, which leaves memory idle otherwise.
void EncodeRows(const EncodeTask& t, int64_t begin, int64_t end, const EncodeScratch& scratch) {
  const float* rows[kMostBatchRows];
  PrefetchBatch(t, begin, std::min(begin + scratch.batch_rows, end));
  for (int64_t first = begin; first < end; first += scratch.batch_rows) {
    const int64_t last = std::min(first + scratch.batch_rows, end);
    RowsExtremes extremes;
    for (int64_t k = first; k < last; ++k) {
      const float* row = RowToEncode(t, k, scratch.sums + (k - first) * scratch.sum_stride);
      rows[k - first] = row;
      const int bits = t.out.bits[k];
      if (bits > 8 || (bits == 0 && t.out.trace.variances == nullptr)) continue;
      extremes.Set(k - first, row, t.x.cols, bits == 0 ? kTracedBits : bits);
    }
    const RowsParams params(extremes);
    for (int64_t k = first; k < last; ++k) {
      const int64_t ahead = std::min(k + scratch.batch_rows, end);
      PrefetchBatch(t, ahead, std::min(ahead + 1, end));
      EncodeRow(t, k, rows[k - first], params[k - first], scratch.codes);
    }
  }
}

/// y = decoded, or y += value * decoded.
template <bool kAdd, class D>
HWY_INLINE void Emit(D d, hn::Vec<D> decoded, float value, float* y) {
  hn::StoreU(kAdd ? hn::MulAdd(hn::Set(d, value), decoded, hn::LoadU(d, y)) : decoded, d, y);
}

template <bool kAdd>
struct DecodeCodes {
  const uint8_t* codes;
  RowParams params;
  float value;
  float* y;

  template <class D>
  HWY_INLINE void operator()(D d, int64_t column) const {
    const auto codes8 = hn::LoadU(hn::Rebind<uint8_t, D>(), codes + column);
    const auto code = hn::ConvertTo(d, hn::PromoteTo(hn::RebindToSigned<D>(), codes8));
    Emit<kAdd>(d, hn::MulAdd(code, hn::Set(d, params.scale), hn::Set(d, params.min)), value, y + column);
  }
};

template <bool kAdd>
struct DecodeBf16 {
  const std::byte* payload;
  float value;
  float* y;

  template <class D>
  HWY_INLINE void operator()(D d, int64_t column) const {
    const auto bits =
        hn::PromoteTo(hn::RebindToUnsigned<D>(), LoadBytes(hn::Rebind<uint16_t, D>(), payload + 2 * column));
    Emit<kAdd>(d, hn::BitCast(d, hn::ShiftLeft<16>(bits)), value, y + column);
  }
};

template <bool kAdd>
struct DecodeFp32 {
  const std::byte* payload;
  float value;
  float* y;

  template <class D>
  HWY_INLINE void operator()(D d, int64_t column) const {
    Emit<kAdd>(d, LoadBytes(d, payload + 4 * column), value, y + column);
  }
};

template <bool kAdd>
void DecodeRowTo(const EncodedRow& row, int64_t cols, float value, float* y, uint8_t* codes) {
  constexpr Floats d;
  if (row.bits == 0) {
    if (!kAdd) std::fill_n(y, cols, 0.0f);
    return;
  }
  if (row.bits == 32) return ForColumns(d, 0, cols, DecodeFp32<kAdd>{row.payload, value, y});
  if (row.bits == 16) return ForColumns(d, 0, cols, DecodeBf16<kAdd>{row.payload, value, y});
  const auto* payload = reinterpret_cast<const uint8_t*>(row.payload);
  if (row.bits == 8) return ForColumns(d, 0, cols, DecodeCodes<kAdd>{payload, row.params, value, y});
  UnpackCodes(row.bits, payload, cols, codes);
  ForColumns(d, 0, cols, DecodeCodes<kAdd>{codes, row.params, value, y});
}

void DecodeRow(const EncodedRow& row, int64_t cols, float* out, uint8_t* codes) {
  DecodeRowTo<false>(row, cols, 1.0f, out, codes);
}

/// Rows of a message come in any order: an entry asks for its row's place well ahead, and for the row itself next.
void AccumulateRows(const CsrView& scatter, const EncodedRow* rows, const MatrixView& y, int64_t begin, int64_t end,
                    uint8_t* codes) {
  constexpr int64_t kPlacesAhead = 16, kRowsAhead = 6;
  const int64_t entries = scatter.begin(end);
  for (int64_t i = begin; i < end; ++i) {
    for (int64_t e = scatter.begin(i); e < scatter.end(i); ++e) {
      if (e + kPlacesAhead < entries) PrefetchBytes(rows + scatter.indices[e + kPlacesAhead], sizeof(EncodedRow));
      if (e + kRowsAhead < entries) {
        const EncodedRow& ahead = rows[scatter.indices[e + kRowsAhead]];
        PrefetchBytes(ahead.payload, payload_bytes(ahead.bits, y.cols));
      }
      DecodeRowTo<true>(rows[scatter.indices[e]], y.cols, scatter.value(e), y.row(i), codes);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(EncodeRows);
HWY_EXPORT(AccumulateRows);
HWY_EXPORT(DecodeRow);

constexpr int64_t kBlockRows = 64;

/// Memory of the calling thread; kept, so that a steady epoch allocates nothing.
std::byte* thread_memory(size_t bytes) {
  static thread_local Buffer buffer;
  buffer.reserve(bytes);
  return buffer.data();
}

uint8_t* codes_scratch(int64_t cols) {
  return reinterpret_cast<uint8_t*>(thread_memory(static_cast<size_t>(cols) + 8));
}

EncodeScratch encode_scratch(int64_t cols) {
  constexpr int64_t kBatchBytes = 16 << 10;
  EncodeScratch scratch;
  scratch.sum_stride = (cols + 15) / 16 * 16;
  scratch.batch_rows = std::clamp<int64_t>(kBatchBytes / (4 * scratch.sum_stride + 1), 1, kMostBatchRows);
  const auto sum_bytes = static_cast<size_t>(scratch.batch_rows * scratch.sum_stride) * 4;
  std::byte* memory = thread_memory(sum_bytes + static_cast<size_t>(cols) + 8);
  scratch.sums = reinterpret_cast<float*>(memory);
  scratch.codes = reinterpret_cast<uint8_t*>(memory + sum_bytes);
  return scratch;
}

}  // namespace

void encode_rows(CsrView gather, ConstMatrixView x, const int64_t* row_ids, StreamKey key, const EncodedRowsOut& out,
                 const RowSums& more) {
  parallel_blocks(gather.rows, kBlockRows, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(EncodeRows)({gather, x, row_ids, key, out, more}, begin, end, encode_scratch(x.cols));
  });
}

void encode_block(CsrView gather, ConstMatrixView x, const int64_t* row_ids, StreamKey key, const EncodedRowsOut& out) {
  HWY_DYNAMIC_DISPATCH(EncodeRows)({gather, x, row_ids, key, out}, 0, gather.rows, encode_scratch(x.cols));
}

void accumulate_rows(CsrView scatter, const EncodedRow* rows, MatrixView y) {
  parallel_blocks(scatter.rows, kBlockRows, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(AccumulateRows)(scatter, rows, y, begin, end, codes_scratch(y.cols));
  });
}

void decode_row(const EncodedRow& row, int64_t cols, float* out) {
  HWY_DYNAMIC_DISPATCH(DecodeRow)(row, cols, out, codes_scratch(cols));
}

}  // namespace tersegraph
#endif  // HWY_ONCE
