#include "kernels/activation.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "kernels/activation_rows.h"
#include "kernels/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cc"
// clang-format off
#include "hwy/foreach_target.h"  // before all other headers that are compiled for each target
// clang-format on
#include "hwy/highway.h"
#include "kernels/random-inl.h"
#include "kernels/row_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr float kEpsilon = 1e-5f;
constexpr int64_t kGroupRows = 128;

/// What dropout multiplies with: keep_scale or 0.
HWY_INLINE RowVector DropoutFactor(const ActivationPass& pass, hn::Vec<hn::RebindToUnsigned<RowTag>> draws) {
  const RowTag d;
  const hn::RebindToSigned<RowTag> di;
  const auto kept = hn::Gt(hn::BitCast(di, draws), hn::Set(di, pass.threshold - 1));
  return hn::IfThenElseZero(hn::RebindMask(d, kept), hn::Set(d, pass.keep_scale));
}

/// Calls body(column, vector access, dropout factor) for a row; the factor is 1 unless kDropout.
template <bool kDropout, class Body>
HWY_INLINE void ForRow(const ActivationPass& pass, uint64_t row_key, const Body& body) {
  const int64_t cols = pass.y.cols;
  if constexpr (!kDropout) {
    ForColumns(0, cols, [&](int64_t c, auto io) HWY_ATTR { body(c, io, hn::Set(RowTag(), 1.0f)); });
  } else {
    const hn::RebindToUnsigned<RowTag> du;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(du));
    int64_t column = 0;
    for (; column + 32 <= cols; column += 32) {
      for (int64_t w = 0; w < 16; w += lanes) {
        const auto words = RandomWords(du, row_key, static_cast<uint32_t>(column / 2 + w));
        body(column + w, WholeVector(), DropoutFactor(pass, LowHalves(du, words)));
        body(column + w + 16, WholeVector(), DropoutFactor(pass, HighHalves(words)));
      }
    }
    ForColumns(column, cols,
               [&](int64_t c, auto io) HWY_ATTR { body(c, io, DropoutFactor(pass, Random16(du, row_key, c))); });
  }
}

HWY_INLINE uint64_t RowKey(const ActivationPass& pass, int64_t row) {
  return pass.dropout == DropoutPlace::none ? 0 : pass.key.row(pass.row_ids[row]);
}

template <class Access>
HWY_INLINE RowVector LoadParameter(Access io, const float* parameter, int64_t column, float otherwise) {
  return parameter == nullptr ? hn::Set(RowTag(), otherwise) : io.Load(parameter + column);
}

template <class Access>
HWY_INLINE RowVector LoadBiased(const ActivationPass& pass, Access io, const float* y, int64_t column) {
  const RowVector v = io.Load(y + column);
  return pass.params.bias == nullptr ? v : hn::Add(v, io.Load(pass.params.bias + column));
}

/// Both comparisons are false for NaN, which therefore passes and can be noticed.
HWY_INLINE RowVector Relu(const ActivationPass& pass, RowVector z) {
  return pass.relu ? hn::IfThenZeroElse(hn::Lt(z, hn::Zero(RowTag())), z) : z;
}
HWY_INLINE RowVector ReluGradient(const ActivationPass& pass, RowVector z, RowVector gradient) {
  return pass.relu ? hn::IfThenZeroElse(hn::Le(z, hn::Zero(RowTag())), gradient) : gradient;
}

HWY_INLINE float Sum(RowVector v) {
  return hn::GetLane(hn::SumOfLanes(RowTag(), v));
}

struct Statistics {
  float mean;
  float inverse_deviation;
};

/// Writes what the normalisation reads, y + bias with dropout where that comes first, and returns its statistics.
template <DropoutPlace kDropout>
HWY_INLINE Statistics NormInput(const ActivationPass& pass, const float* y, uint64_t row_key, float* out) {
  const RowTag d;
  RowVector sum = hn::Zero(d);
  constexpr bool kDropped = kDropout == DropoutPlace::before_norm;
  ForRow<kDropped>(pass, row_key, [&](int64_t c, auto io, RowVector factor) HWY_ATTR {
    RowVector v = LoadBiased(pass, io, y, c);
    if constexpr (kDropped) v = hn::Mul(v, factor);
    sum = hn::Add(sum, v);
    io.Store(v, out + c);
  });
  const float cols = static_cast<float>(pass.y.cols);
  const float mean = Sum(sum) / cols;
  RowVector squares = hn::Zero(d), rest = hn::Zero(d);
  ForColumns(0, pass.y.cols, [&](int64_t c, auto io) HWY_ATTR {
    const RowVector centred = io.Inside(hn::Sub(io.Load(out + c), hn::Set(d, mean)));
    rest = hn::Add(rest, centred);
    squares = hn::MulAdd(centred, centred, squares);
  });
  // What rounding kept out of the mean of a wide row far from 0 (the corrected two-pass algorithm, Chan et al. 1983).
  const float missed = Sum(rest) / cols;
  return {mean + missed, 1.0f / std::sqrt(std::max(Sum(squares) / cols - missed * missed, 0.0f) + kEpsilon)};
}

template <DropoutPlace kDropout>
void ForwardPlain(const ActivationPass& pass, int64_t row, float* h) {
  constexpr bool kDropped = kDropout != DropoutPlace::none;
  const float* const y = pass.y.row(row);
  ForRow<kDropped>(pass, RowKey(pass, row), [&](int64_t c, auto io, RowVector factor) HWY_ATTR {
    RowVector v = Relu(pass, LoadBiased(pass, io, y, c));
    if constexpr (kDropped) v = hn::Mul(v, factor);
    io.Store(v, h + c);
  });
}

template <DropoutPlace kDropout>
void ForwardNorm(const ActivationPass& pass, int64_t row, float* h) {
  constexpr bool kDroppedLast = kDropout == DropoutPlace::last;
  const RowTag d;
  const uint64_t row_key = RowKey(pass, row);
  const Statistics s = NormInput<kDropout>(pass, pass.y.row(row), row_key, h);
  ForRow<kDroppedLast>(pass, row_key, [&](int64_t c, auto io, RowVector factor) HWY_ATTR {
    const RowVector x = hn::Mul(hn::Sub(io.Load(h + c), hn::Set(d, s.mean)), hn::Set(d, s.inverse_deviation));
    const RowVector gain = LoadParameter(io, pass.params.gain, c, 1.0f);
    RowVector z = Relu(pass, hn::MulAdd(x, gain, LoadParameter(io, pass.params.shift, c, 0.0f)));
    if constexpr (kDroppedLast) z = hn::Mul(z, factor);
    io.Store(z, h + c);
  });
}

/// sum[column] += v. Sums are padded to whole vectors; what falls into the padding is never read.
HWY_INLINE void AddTo(float* sum, int64_t column, RowVector v) {
  const RowTag d;
  hn::StoreU(hn::Add(hn::LoadU(d, sum + column), v), d, sum + column);
}

template <DropoutPlace kDropout>
void BackwardPlain(const ActivationPass& pass, int64_t row, float* grad, const RowSums& sums, float*) {
  constexpr bool kDropped = kDropout != DropoutPlace::none;
  const float* const y = pass.y.row(row);
  ForRow<kDropped>(pass, RowKey(pass, row), [&](int64_t c, auto io, RowVector factor) HWY_ATTR {
    RowVector g = io.Load(grad + c);
    if (pass.relu) g = ReluGradient(pass, LoadBiased(pass, io, y, c), g);
    if constexpr (kDropped) g = hn::Mul(g, factor);
    if (sums.bias != nullptr) AddTo(sums.bias, c, g);
    io.Store(g, grad + c);
  });
}

/// With x the normalised row and g = dL/dx, dL/d(input) = (g - mean(g) - x mean(g x)) / deviation.
template <DropoutPlace kDropout>
void BackwardNorm(const ActivationPass& pass, int64_t row, float* grad, const RowSums& sums, float* normalised) {
  constexpr bool kDroppedFirst = kDropout == DropoutPlace::before_norm;
  constexpr bool kDroppedLast = kDropout == DropoutPlace::last;
  const RowTag d;
  const uint64_t row_key = RowKey(pass, row);
  const Statistics s = NormInput<kDropout>(pass, pass.y.row(row), row_key, normalised);

  RowVector sum_g = hn::Zero(d), sum_gx = hn::Zero(d);
  ForRow<kDroppedLast>(pass, row_key, [&](int64_t c, auto io, RowVector factor) HWY_ATTR {
    const RowVector x = hn::Mul(hn::Sub(io.Load(normalised + c), hn::Set(d, s.mean)), hn::Set(d, s.inverse_deviation));
    const RowVector gain = LoadParameter(io, pass.params.gain, c, 1.0f);
    RowVector g = io.Load(grad + c);
    if constexpr (kDroppedLast) g = hn::Mul(g, factor);
    if (pass.relu) g = ReluGradient(pass, hn::MulAdd(x, gain, LoadParameter(io, pass.params.shift, c, 0.0f)), g);
    AddTo(sums.shift, c, g);
    AddTo(sums.gain, c, hn::Mul(g, x));
    g = hn::Mul(g, gain);
    sum_g = hn::Add(sum_g, g);
    sum_gx = hn::MulAdd(g, x, sum_gx);
    io.Store(x, normalised + c);
    io.Store(g, grad + c);
  });

  const float cols = static_cast<float>(pass.y.cols);
  const RowVector mean_g = hn::Set(d, Sum(sum_g) / cols), mean_gx = hn::Set(d, Sum(sum_gx) / cols);
  ForRow<kDroppedFirst>(pass, row_key, [&](int64_t c, auto io, RowVector factor) HWY_ATTR {
    const RowVector centred = hn::Sub(io.Load(grad + c), mean_g);
    RowVector g = hn::Mul(hn::NegMulAdd(io.Load(normalised + c), mean_gx, centred), hn::Set(d, s.inverse_deviation));
    if constexpr (kDroppedFirst) g = hn::Mul(g, factor);
    AddTo(sums.bias, c, g);
    io.Store(g, grad + c);
  });
}

/// Calls visit(row) for every row of the block and folds the sums it makes in block.group into block.total after each
/// group.
template <class Visit>
HWY_INLINE void ForGroups(const BlockSums& block, int64_t begin, int64_t end, const Visit& visit) {
  const int64_t size = block.sums * block.stride;
  std::fill_n(block.total, size, 0.0f);
  for (int64_t first = begin; first < end; first += kGroupRows) {
    std::fill_n(block.group, size, 0.0f);
    for (int64_t row = first; row < std::min(first + kGroupRows, end); ++row) visit(row);
    ForColumns(0, size, [&](int64_t c, auto) HWY_ATTR { AddTo(block.total, c, hn::LoadU(RowTag(), block.group + c)); });
  }
}

/// Calls the kernel that was compiled for where this pass drops.
template <class Kernel>
HWY_INLINE void Specialise(const ActivationPass& pass, const Kernel& kernel) {
  using enum DropoutPlace;
  switch (pass.dropout) {
    case none:
      return kernel.template operator()<none>();
    case before_norm:
      return kernel.template operator()<before_norm>();
    case last:
      return kernel.template operator()<last>();
  }
}

void ForwardRows(const ActivationPass& pass, int64_t begin, int64_t end, MatrixView h) {
  Specialise(pass, [&]<DropoutPlace kDropout>() HWY_ATTR {
    for (int64_t row = begin; row < end; ++row) {
      pass.layer_norm ? ForwardNorm<kDropout>(pass, row, h.row(row)) : ForwardPlain<kDropout>(pass, row, h.row(row));
    }
  });
}

void BackwardRows(const ActivationPass& pass, int64_t begin, int64_t end, MatrixView grad, const BlockSums& block) {
  RowSums sums;
  if (block.sums > 0) sums.bias = block.group;
  if (pass.layer_norm) {
    sums.gain = block.group + block.stride;
    sums.shift = block.group + 2 * block.stride;
  }
  Specialise(pass, [&]<DropoutPlace kDropout>() HWY_ATTR {
    const auto backward = pass.layer_norm ? BackwardNorm<kDropout> : BackwardPlain<kDropout>;
    ForGroups(block, begin, end,
              [&](int64_t row) HWY_ATTR { backward(pass, row, grad.row(row), sums, block.scratch); });
  });
}

void MaskedBackwardRows(ConstMatrixView h, float scale, MatrixView grad, const BlockSums& block) {
  const RowTag d;
  ForGroups(block, 0, h.rows, [&](int64_t row) HWY_ATTR {
    ForColumns(0, h.cols, [&](int64_t c, auto io) HWY_ATTR {
      const auto dropped = hn::Le(io.Load(h.row(row) + c), hn::Zero(d));
      const RowVector g = hn::IfThenZeroElse(dropped, hn::Mul(io.Load(grad.row(row) + c), hn::Set(d, scale)));
      AddTo(block.group, c, g);
      io.Store(g, grad.row(row) + c);
    });
  });
}

void SumRows(ConstMatrixView x, int64_t begin, int64_t end, const BlockSums& block) {
  ForGroups(block, begin, end, [&](int64_t row) HWY_ATTR {
    ForColumns(0, x.cols, [&](int64_t c, auto io) HWY_ATTR { AddTo(block.group, c, io.Load(x.row(row) + c)); });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(ForwardRows);
HWY_EXPORT(BackwardRows);
HWY_EXPORT(MaskedBackwardRows);
HWY_EXPORT(SumRows);

/// Floats of one block where nothing is summed.
constexpr int64_t kBlockFloats = 1 << 14;

ActivationPass make_pass(ConstMatrixView y, const int64_t* row_ids, const ActivationParams& params,
                         const ActivationSpec& spec) {
  ActivationPass pass{
      .y = y, .row_ids = row_ids, .params = params, .layer_norm = spec.layer_norm, .relu = spec.relu, .key = spec.key};
  pass.threshold = static_cast<int32_t>(std::lround(static_cast<double>(spec.dropout) * 65536.0));
  pass.keep_scale = pass.threshold < 65536 ? 65536.0f / static_cast<float>(65536 - pass.threshold) : 0.0f;
  if (pass.threshold > 0) {
    const bool before = spec.layer_norm && spec.order == ActivationOrder::dropout_norm_relu;
    pass.dropout = before ? DropoutPlace::before_norm : DropoutPlace::last;
  }
  return pass;
}

/// The memory that `sums` sums over the rows of a block are made in.
BlockSums block_sums(int64_t cols, int64_t sums, Matrix& scratch) {
  const int64_t stride = (cols + 15) / 16 * 16, size = sums * stride;
  scratch.reshape(2 * sums + 1, stride);
  return {scratch.data(), scratch.data() + size, sums, stride, scratch.data() + 2 * size};
}

void add_total(const BlockSums& block, int64_t which, int64_t cols, float* out) {
  if (out == nullptr) return;
  const float* const total = block.total + which * block.stride;
  for (int64_t c = 0; c < cols; ++c) out[c] += total[c];
}

}  // namespace

void activation_forward(ConstMatrixView y, const int64_t* row_ids, const ActivationParams& params,
                        const ActivationSpec& spec, MatrixView h) {
  if (y.size() == 0) return;
  const ActivationPass pass = make_pass(y, row_ids, params, spec);
  const int64_t block = std::max<int64_t>(1, kBlockFloats / y.cols);
  parallel_blocks(y.rows, block, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(ForwardRows)(pass, begin, end, h);
  });
}

void activation_forward_block(ConstMatrixView y, const int64_t* row_ids, const ActivationParams& params,
                              const ActivationSpec& spec, MatrixView h) {
  if (y.size() == 0) return;
  HWY_DYNAMIC_DISPATCH(ForwardRows)(make_pass(y, row_ids, params, spec), 0, y.rows, h);
}

void activation_backward_block(ConstMatrixView y, const int64_t* row_ids, const ActivationParams& params,
                               const ActivationSpec& spec, MatrixView grad, const ActivationGradients& gradients,
                               Matrix& scratch) {
  if (y.size() == 0) return;
  const int64_t sums = spec.layer_norm ? 3 : (gradients.bias != nullptr ? 1 : 0);
  const BlockSums block = block_sums(y.cols, sums, scratch);
  HWY_DYNAMIC_DISPATCH(BackwardRows)(make_pass(y, row_ids, params, spec), 0, y.rows, grad, block);
  add_total(block, 0, y.cols, gradients.bias);
  if (!spec.layer_norm) return;
  add_total(block, 1, y.cols, gradients.gain);
  add_total(block, 2, y.cols, gradients.shift);
}

void relu_dropout_backward_block(ConstMatrixView h, float dropout, MatrixView grad, float* bias, Matrix& scratch) {
  if (h.size() == 0) return;
  const BlockSums block = block_sums(h.cols, 1, scratch);
  const float scale = make_pass(h, nullptr, {}, {.dropout = dropout}).keep_scale;
  HWY_DYNAMIC_DISPATCH(MaskedBackwardRows)(h, scale, grad, block);
  add_total(block, 0, h.cols, bias);
}

void add_bias(const float* bias, MatrixView y) {
  activation_forward(y, nullptr, {.bias = bias}, {.relu = false}, y);
}

void add_column_sums(ConstMatrixView x, float* sums, Matrix& scratch) {
  if (x.size() == 0) return;
  const BlockSums block = block_sums(x.cols, 1, scratch);
  HWY_DYNAMIC_DISPATCH(SumRows)(x, 0, x.rows, block);
  add_total(block, 0, x.cols, sums);
}

void dropout_rows(ConstMatrixView x, const int64_t* row_ids, float p, StreamKey key, MatrixView out) {
  activation_forward(x, row_ids, {}, {.relu = false, .dropout = p, .key = key}, out);
}

}  // namespace tersegraph
#endif  // HWY_ONCE
