// Goes over a row of floats by vectors, the last one partial, without touching memory beyond the row.

#if defined(TERSEGRAPH_KERNELS_ROW_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSEGRAPH_KERNELS_ROW_VECTORS_INL_H_
#undef TERSEGRAPH_KERNELS_ROW_VECTORS_INL_H_
#else
#define TERSEGRAPH_KERNELS_ROW_VECTORS_INL_H_
#endif

#include <cstdint>
#include <cstring>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Vectors of at most 16 lanes, which random-inl.h asks for.
using RowTag = hn::CappedTag<float, 16>;
using RowVector = hn::Vec<RowTag>;

/// A whole vector of a row.
struct WholeVector {
  HWY_INLINE RowVector Load(const float* p) const { return hn::LoadU(RowTag(), p); }
  HWY_INLINE RowVector LoadOr(const float* p, float) const { return hn::LoadU(RowTag(), p); }
  HWY_INLINE void Store(RowVector v, float* p) const { hn::StoreU(v, RowTag(), p); }
  /// v with zeros in the lanes beyond the row.
  HWY_INLINE RowVector Inside(RowVector v) const { return v; }
};

// Highway calls masked memory operations unsafe on AVX2 because of narrow types; those of floats are hardware's there.
#if HWY_MEM_OPS_MIGHT_FAULT && HWY_TARGET != HWY_AVX2
#define TERSEGRAPH_COPY_TAILS 1
#else
#define TERSEGRAPH_COPY_TAILS 0
#endif

/// The last `lanes` floats of a row, fewer than a vector.
struct PartialVector {
  size_t lanes;

  /// Lanes beyond the row are 0.
  HWY_INLINE RowVector Load(const float* p) const {
    const RowTag d;
#if TERSEGRAPH_COPY_TAILS
    HWY_ALIGN float copy[hn::MaxLanes(RowTag())] = {};
    std::memcpy(copy, p, lanes * sizeof(float));
    return hn::Load(d, copy);
#else
    return hn::MaskedLoad(hn::FirstN(d, lanes), d, p);
#endif
  }

  /// Lanes beyond the row are `beyond`.
  HWY_INLINE RowVector LoadOr(const float* p, float beyond) const {
    const RowTag d;
    return hn::IfThenElse(hn::FirstN(d, lanes), Load(p), hn::Set(d, beyond));
  }

  HWY_INLINE void Store(RowVector v, float* p) const {
    const RowTag d;
#if TERSEGRAPH_COPY_TAILS
    HWY_ALIGN float copy[hn::MaxLanes(RowTag())];
    hn::Store(v, d, copy);
    std::memcpy(p, copy, lanes * sizeof(float));
#else
    hn::BlendedStore(v, hn::FirstN(d, lanes), d, p);
#endif
  }

  HWY_INLINE RowVector Inside(RowVector v) const {
    return hn::IfThenElseZero(hn::FirstN(RowTag(), lanes), v);
  }
};

#undef TERSEGRAPH_COPY_TAILS

/// Calls body(column, WholeVector or PartialVector) from column `begin` to `end`, left to right.
template <class Body>
HWY_INLINE void ForColumns(int64_t begin, int64_t end, const Body& body) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(RowTag()));
  int64_t column = begin;
  for (; column + lanes <= end; column += lanes) body(column, WholeVector());
  if (column < end) body(column, PartialVector{static_cast<size_t>(end - column)});
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#endif  // TERSEGRAPH_KERNELS_ROW_VECTORS_INL_H_
