#include "kernels/row_codec.h"

#include <algorithm>
#include <cstring>

#include "base/buffer.h"
#include "base/parallel.h"
#include "kernels/encode_task.h"
#include "kernels/prefetch.h"
#include "kernels/row_params.h"
#include "kernels/simd_targets.h"
#include "kernels/spmm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/row_codec.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/random-inl.h"
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
HWY_INLINE void ForColumnsAtRandom(int64_t cols, uint64_t row_key, const Kernel& kernel) {
  constexpr Floats d;
  constexpr hn::RebindToUnsigned<Floats> du;
  int64_t column = 0;
  for (; column + 32 <= cols; column += 32) {
    for (int64_t w = 0; w < 16; w += hn::MaxLanes(Floats())) {
      const auto words = RandomWords(du, row_key, static_cast<uint32_t>(column / 2 + w));
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

template <bool kTrace>
struct QuantizeColumns {
  const float* x;
  RowParams params;
  float units_per_value;
  uint32_t top;
  uint8_t* codes;
  TraceSums* sums;

  template <class D, class VU>
  HWY_INLINE void operator()(D d, int64_t column, VU random) const {
    const hn::RebindToUnsigned<D> du;
    const auto above = hn::Sub(hn::LoadU(d, x + column), hn::Set(d, params.min));
    const auto units = hn::BitCast(du, hn::NearestInt(hn::Mul(above, hn::Set(d, units_per_value))));
    const auto code = hn::Min(hn::ShiftRight<16>(hn::Add(units, random)), hn::Set(du, top));
    const hn::Rebind<uint8_t, D> d8;
    hn::StoreU(hn::TruncateTo(d8, code), d8, codes + column);
    if constexpr (kTrace) {
      const auto f = hn::And(units, hn::Set(du, 0xFFFFu));
      const auto spread = hn::ShiftRight<32 - kTraceBits>(hn::Mul(f, hn::Sub(hn::Set(du, 0x10000u), f)));
      hn::StoreU(hn::Add(spread, hn::LoadU(du, sums->lanes)), du, sums->lanes);
    }
  }
};

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

struct Extremes {
  float lowest, highest;
  bool finite;
};

/// The last vector overlaps the one before; a row shorter than a vector is done by single numbers.
template <class D>
HWY_INLINE Extremes ExtremesBy(D d, const float* x, int64_t cols) {
  constexpr int64_t kLanes = hn::MaxLanes(D());
  if constexpr (kLanes > 1) {
    if (cols < kLanes) return ExtremesBy(hn::CappedTag<float, 1>(), x, cols);
  }
  auto lowest = hn::LoadU(d, x), highest = lowest, zeros = hn::Zero(d);
  for (int64_t next = 0; next < cols; next += kLanes) {
    const auto v = hn::LoadU(d, x + HWY_MIN(next, cols - kLanes));
    lowest = hn::Min(lowest, v);
    highest = hn::Max(highest, v);
    zeros = hn::MulAdd(v, hn::Zero(d), zeros);  // NaN from the first number on that is not finite
  }
  return {hn::GetLane(hn::MinOfLanes(d, lowest)), hn::GetLane(hn::MaxOfLanes(d, highest)),
          hn::GetLane(hn::SumOfLanes(d, zeros)) == 0.0f};
}

/// variance: null, or where to add the row's (see RowTrace).
RowParams EncodeIntegers(const float* x, int64_t cols, int bits, uint64_t row_key, uint8_t* payload, uint8_t* codes,
                         float* variance) {
  if (cols == 0) return {};
  const Extremes extremes = ExtremesBy(Floats(), x, cols);
  const RowParams params = row_params(extremes.lowest, extremes.highest, extremes.finite, bits);
  if (params.scale == 0.0f) {
    std::memset(payload, 0, static_cast<size_t>(payload_bytes(bits, cols)));
    return params;
  }
  if (bits == 8) codes = payload;
  const uint32_t top = (1u << bits) - 1;
  TraceSums sums;
  const float units_per_value = kUnitsPerStep / params.scale;
  if (variance == nullptr) {
    ForColumnsAtRandom(cols, row_key, QuantizeColumns<false>{x, params, units_per_value, top, codes, nullptr});
  } else {
    ForColumnsAtRandom(cols, row_key, QuantizeColumns<true>{x, params, units_per_value, top, codes, &sums});
    const float range = params.scale * static_cast<float>(top);
    *variance += std::min(range * range, kLargestTrace) * static_cast<float>(sums.total()) / (1 << kTraceBits);
  }
  if (bits == 8) return params;
  std::memset(codes + cols, 0, 8);
  PackCodes(bits, codes, cols, payload);
  return params;
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

void EncodeRow(const float* x, int64_t cols, int bits, uint64_t row_key, std::byte* payload, RowParams* params,
               float* variance, uint8_t* codes) {
  if (bits == 0) {
    *params = {};
    if (variance != nullptr) EncodeIntegers(x, cols, 8, row_key, codes, codes, variance);
  } else if (bits == 32) {
    std::copy_n(reinterpret_cast<const std::byte*>(x), cols * 4, payload);
  } else if (bits == 16) {
    ForColumnsAtRandom(cols, row_key, RoundColumns{x, payload});
  } else {
    *params = EncodeIntegers(x, cols, bits, row_key, reinterpret_cast<uint8_t*>(payload), codes, variance);
  }
}

void EncodeRows(const EncodeTask& t, int64_t begin, int64_t end, float* sum, uint8_t* codes) {
  constexpr int64_t kPrefetchDistance = 8;
  const CsrView& gather = t.gather;
  for (int64_t k = begin; k < end; ++k) {
    const float* row = sum;
    if (gather.values == nullptr && gather.end(k) - gather.begin(k) == 1) {
      const int64_t ahead = std::min(gather.begin(k) + kPrefetchDistance, gather.begin(end) - 1);
      prefetch_row(t.x.row(gather.indices[ahead]), t.x.cols);
      row = t.x.row(gather.indices[gather.begin(k)]);
    } else {
      spmm_rows(gather, t.x, k, k + 1, sum);
    }
    const RowTrace& trace = t.out.trace;
    EncodeRow(row, t.x.cols, t.out.bits[k], t.key.row(t.row_ids[k]), t.out.payload + t.out.offsets[k], t.out.params + k,
              trace.variances == nullptr ? nullptr : trace.variances + k, codes);
    if (trace.norms != nullptr && t.out.bits[k] <= 8) {
      trace.norms[k] += std::min(SquaredNorm(row, t.x.cols), kLargestTrace);
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

void AccumulateRows(const CsrView& scatter, const EncodedRow* rows, const MatrixView& y, int64_t begin, int64_t end,
                    uint8_t* codes) {
  for (int64_t i = begin; i < end; ++i) {
    for (int64_t e = scatter.begin(i); e < scatter.end(i); ++e) {
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

/// What a thread needs for one row; kept, so that a steady epoch allocates nothing.
struct RowScratch {
  explicit RowScratch(int64_t cols) {
    static thread_local Buffer buffer;
    const auto sum_bytes = static_cast<size_t>(cols + 15) / 16 * 64;
    buffer.reserve(sum_bytes + static_cast<size_t>(cols) + 8);
    sum = reinterpret_cast<float*>(buffer.data());
    codes = reinterpret_cast<uint8_t*>(buffer.data() + sum_bytes);
  }

  float* sum;
  uint8_t* codes;  ///< cols + 8
};

}  // namespace

void encode_rows(CsrView gather, ConstMatrixView x, const int64_t* row_ids, StreamKey key, const EncodedRowsOut& out) {
  parallel_blocks(gather.rows, kBlockRows, [&](int64_t begin, int64_t end) {
    const RowScratch scratch(x.cols);
    HWY_DYNAMIC_DISPATCH(EncodeRows)({gather, x, row_ids, key, out}, begin, end, scratch.sum, scratch.codes);
  });
}

void accumulate_rows(CsrView scatter, const EncodedRow* rows, MatrixView y) {
  parallel_blocks(scatter.rows, kBlockRows, [&](int64_t begin, int64_t end) {
    const RowScratch scratch(y.cols);
    HWY_DYNAMIC_DISPATCH(AccumulateRows)(scatter, rows, y, begin, end, scratch.codes);
  });
}

void decode_row(const EncodedRow& row, int64_t cols, float* out) {
  const RowScratch scratch(cols);
  HWY_DYNAMIC_DISPATCH(DecodeRow)(row, cols, out, scratch.codes);
}

}  // namespace tersegraph
#endif  // HWY_ONCE
