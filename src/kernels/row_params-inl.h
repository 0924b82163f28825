// Finds the parameters of integer rows by vectors: of a row's numbers for its extremes, of rows for the rest. The
// numbers are those of row_params in kernels/row_params.h.

#if defined(TERSEGRAPH_KERNELS_ROW_PARAMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSEGRAPH_KERNELS_ROW_PARAMS_INL_H_
#undef TERSEGRAPH_KERNELS_ROW_PARAMS_INL_H_
#else
#define TERSEGRAPH_KERNELS_ROW_PARAMS_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "kernels/encode_task.h"
#include "kernels/row_params.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using ExtremesTag = hn::CappedTag<float, 16>;
using BatchTag = hn::CappedTag<float, kMostBatchRows>;

/// The extremes of a part of a row, by lane.
struct PartExtremes {
  hn::Vec<ExtremesTag> lowest, highest;
  hn::Vec<ExtremesTag> zeros;  ///< NaN from the first number on that is not finite

  HWY_INLINE void Take(hn::Vec<ExtremesTag> v) {
    lowest = hn::Min(lowest, v);
    highest = hn::Max(highest, v);
    zeros = hn::MulAdd(v, hn::Zero(ExtremesTag()), zeros);
  }
  HWY_INLINE void Join(const PartExtremes& other) {
    lowest = hn::Min(lowest, other.lowest);
    highest = hn::Max(highest, other.highest);
    zeros = hn::Add(zeros, other.zeros);
  }
};

/// Rows whose parameters are wanted; a row that is not finite has NaN as its lowest.
struct RowsExtremes {
  alignas(64) float lowest[kMostBatchRows] = {};
  alignas(64) float highest[kMostBatchRows] = {};
  alignas(64) float top[kMostBatchRows] = {};  ///< the largest code

  HWY_INLINE void Set(int64_t row, const float* x, int64_t cols, int bits) {
    top[row] = static_cast<float>((1 << bits) - 1);
    if (cols < static_cast<int64_t>(hn::MaxLanes(ExtremesTag()))) {
      SetShort(row, x, cols);
    } else {
      SetByVectors(row, x, cols);
    }
  }

 private:
  void SetShort(int64_t row, const float* x, int64_t cols) {
    const auto [least, most] = std::minmax_element(x, x + cols);
    const bool finite = std::all_of(x, x + cols, [](float value) { return std::isfinite(value); });
    lowest[row] = cols == 0 ? 0.0f : finite ? *least : std::numeric_limits<float>::quiet_NaN();
    highest[row] = cols == 0 ? 0.0f : *most;
  }

  /// Four parts, so that no vector waits for the one before; the last vector overlaps.
  HWY_INLINE void SetByVectors(int64_t row, const float* x, int64_t cols) {
    constexpr ExtremesTag d;
    constexpr int64_t kLanes = hn::MaxLanes(ExtremesTag());
    const auto first = hn::LoadU(d, x);
    PartExtremes parts[4] = {{first, first, hn::Zero(d)},
                             {first, first, hn::Zero(d)},
                             {first, first, hn::Zero(d)},
                             {first, first, hn::Zero(d)}};
    int64_t next = 0;
    for (; next + 4 * kLanes <= cols; next += 4 * kLanes) {
      for (int64_t k = 0; k < 4; ++k) parts[k].Take(hn::LoadU(d, x + next + k * kLanes));
    }
    for (; next < cols; next += kLanes) parts[0].Take(hn::LoadU(d, x + HWY_MIN(next, cols - kLanes)));
    parts[0].Join(parts[1]);
    parts[2].Join(parts[3]);
    parts[0].Join(parts[2]);
    lowest[row] = hn::AllTrue(d, hn::Eq(parts[0].zeros, hn::Zero(d))) ? hn::GetLane(hn::MinOfLanes(d, parts[0].lowest))
                                                                      : std::numeric_limits<float>::quiet_NaN();
    highest[row] = hn::GetLane(hn::MaxOfLanes(d, parts[0].highest));
  }
};

/// Parameters of a batch of rows; a row that is of no integers has a top of 0, and parameters that mean nothing.
struct RowsParams {
  alignas(64) float min[kMostBatchRows];
  alignas(64) float scale[kMostBatchRows];

  explicit RowsParams(const RowsExtremes& rows) {
    constexpr BatchTag d;
    constexpr hn::RebindToUnsigned<BatchTag> du;
    constexpr hn::RebindToSigned<BatchTag> di;
    const auto bf16 = hn::Set(du, 0xFFFF0000u), below_bf16 = hn::Set(du, 0xFFFFu);
    for (int64_t k = 0; k < kMostBatchRows; k += static_cast<int64_t>(hn::MaxLanes(d))) {
      const auto lowest = hn::Add(hn::Load(d, rows.lowest + k), hn::Zero(d)), highest = hn::Load(d, rows.highest + k);
      const auto top = hn::Load(d, rows.top + k), range = hn::Sub(highest, lowest);
      const auto bits = hn::BitCast(du, lowest);
      const auto away = hn::ShiftRight<16>(hn::BitCast(du, hn::ShiftRight<31>(hn::BitCast(di, bits))));
      const auto rounded = hn::BitCast(d, hn::And(hn::Add(bits, away), bf16));
      const auto near = hn::Le(hn::Sub(lowest, rounded), hn::Mul(range, hn::Set(d, 1.0f / 64)));
      const auto from = hn::IfThenElse(near, rounded, lowest);
      const auto narrow = hn::BitCast(du, hn::Div(hn::Sub(highest, from), top));
      const auto up = hn::And(hn::Add(narrow, below_bf16), bf16);
      const auto reach = [&](hn::Vec<decltype(du)> steps)
                             HWY_ATTR { return hn::Add(from, hn::Mul(hn::BitCast(d, steps), top)); };
      const auto short_of_it = hn::RebindMask(du, hn::Lt(reach(up), highest));
      const auto step = hn::IfThenElse(short_of_it, hn::Add(up, hn::Set(du, 0x10000u)), up);
      // NaN and infinities fail the comparison.
      const auto defined = hn::Le(hn::Abs(reach(step)), hn::Set(d, std::numeric_limits<float>::max()));
      const auto constant = hn::Lt(hn::Div(range, top), hn::Set(d, kSmallestScale));
      const auto usual = hn::IfThenElse(defined, from, hn::Set(d, std::numeric_limits<float>::quiet_NaN()));
      hn::Store(hn::IfThenElse(constant, lowest, usual), d, min + k);
      hn::Store(hn::IfThenElseZero(defined, hn::IfThenZeroElse(constant, hn::BitCast(d, step))), d, scale + k);
    }
  }

  RowParams operator[](int64_t row) const { return {min[row], scale[row]}; }
};

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#endif  // TERSEGRAPH_KERNELS_ROW_PARAMS_INL_H_
