#include "kernels/loss.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "kernels/loss_rows.h"
#include "kernels/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/loss.cc"
// clang-format off
#include "hwy/foreach_target.h"  // before all other headers that are compiled for each target
// clang-format on
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "kernels/row_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Adds up row_loss(row, its row of grad or null) over the selected rows in begin..end-1 and zeroes grad in the others.
template <class RowLoss>
HWY_INLINE double SumSelected(const LossPass& pass, int64_t begin, int64_t end, const RowLoss& row_loss) {
  const int64_t* const last = pass.rows.rows + pass.rows.count;
  const int64_t* selected = std::lower_bound(pass.rows.rows, last, begin);
  double sum = 0.0;
  int64_t next = begin;  // the first row of grad that is not written yet
  for (; selected != last && *selected < end; ++selected) {
    if (pass.grad.data == nullptr) {
      sum += row_loss(*selected, nullptr);
      continue;
    }
    std::fill(pass.grad.row(next), pass.grad.row(*selected), 0.0f);
    sum += row_loss(*selected, pass.grad.row(*selected));
    next = *selected + 1;
  }
  if (pass.grad.data != nullptr) std::fill(pass.grad.row(next), pass.grad.row(end), 0.0f);
  return sum;
}

/// e^x for x <= 0. Highway's Exp turns NaN into 0, which would hide that a run has diverged.
HWY_INLINE RowVector ExpOrNan(RowVector x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(RowTag(), x));
}

HWY_INLINE float Sum(RowVector v) {
  return hn::GetLane(hn::SumOfLanes(RowTag(), v));
}

double CrossEntropyRows(const LossPass& pass, int64_t begin, int64_t end) {
  const RowTag d;
  const int64_t classes = pass.logits.cols;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  return SumSelected(pass, begin, end, [&](int64_t row, float* grad) HWY_ATTR {
    const float* const logits = pass.logits.row(row);
    const int32_t label = pass.labels[row];
    const double label_logit = logits[label];
    const float weight = pass.class_weights == nullptr ? 1.0f : pass.class_weights[label];

    RowVector largest = hn::Set(d, kLowest);
    ForColumns(0, classes,
               [&](int64_t c, auto io) HWY_ATTR { largest = hn::Max(largest, io.LoadOr(logits + c, kLowest)); });
    largest = hn::MaxOfLanes(d, largest);

    RowVector sums = hn::Zero(d);
    ForColumns(0, classes, [&](int64_t c, auto io) HWY_ATTR {
      const RowVector e = io.Inside(ExpOrNan(hn::Sub(io.Load(logits + c), largest)));
      sums = hn::Add(sums, e);
      if (grad != nullptr) io.Store(e, grad + c);
    });
    const float sum = Sum(sums);
    if (grad != nullptr) {
      const RowVector factor = hn::Set(d, weight * pass.scale / sum);
      ForColumns(0, classes,
                 [&](int64_t c, auto io) HWY_ATTR { io.Store(hn::Mul(io.Load(grad + c), factor), grad + c); });
      grad[label] -= weight * pass.scale;
    }
    return weight * (std::log(static_cast<double>(sum)) + (static_cast<double>(hn::GetLane(largest)) - label_logit));
  });
}

double BinaryCrossEntropyRows(const LossPass& pass, int64_t begin, int64_t end) {
  const RowTag d;
  const RowVector zero = hn::Zero(d), one = hn::Set(d, 1.0f), scale = hn::Set(d, pass.scale);
  return SumSelected(pass, begin, end, [&](int64_t row, float* grad) HWY_ATTR {
    const float* const logits = pass.logits.row(row);
    const float* const targets = pass.targets.row(row);
    RowVector sums = zero;
    ForColumns(0, pass.logits.cols, [&](int64_t c, auto io) HWY_ATTR {
      const RowVector x = io.Load(logits + c), t = io.Load(targets + c);
      const RowVector weight = pass.class_weights == nullptr ? one : io.Load(pass.class_weights + c);
      // With e = exp(-|x|) nothing overflows: -log sigmoid(x) = max(x, 0) - x + log(1 + e).
      const RowVector e = ExpOrNan(hn::Neg(hn::Abs(x)));
      const RowVector loss = hn::Add(hn::NegMulAdd(x, t, hn::Max(x, zero)), hn::Log1p(d, e));
      sums = hn::Add(sums, io.Inside(hn::Mul(weight, loss)));
      if (grad == nullptr) return;
      const RowVector sigmoid = hn::Div(hn::IfThenElse(hn::Lt(x, zero), e, one), hn::Add(one, e));
      io.Store(hn::Mul(hn::Mul(weight, scale), hn::Sub(sigmoid, t)), grad + c);
    });
    return static_cast<double>(Sum(sums));
  });
}

double SquaredErrorRows(const LossPass& pass, int64_t begin, int64_t end) {
  const RowTag d;
  const RowVector factor = hn::Set(d, 2.0f * pass.scale);
  return SumSelected(pass, begin, end, [&](int64_t row, float* grad) HWY_ATTR {
    const float* const outputs = pass.logits.row(row);
    const float* const targets = pass.targets.row(row);
    RowVector sums = hn::Zero(d);
    ForColumns(0, pass.logits.cols, [&](int64_t c, auto io) HWY_ATTR {
      const RowVector error = hn::Sub(io.Load(outputs + c), io.Load(targets + c));
      sums = hn::MulAdd(error, error, sums);
      if (grad != nullptr) io.Store(hn::Mul(factor, error), grad + c);
    });
    return static_cast<double>(Sum(sums));
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(CrossEntropyRows);
HWY_EXPORT(BinaryCrossEntropyRows);
HWY_EXPORT(SquaredErrorRows);

/// Adds up kernel(begin, end) over blocks of rows that depend on their number alone, in order.
template <class Kernel>
double sum_blocks(int64_t rows, Kernel&& kernel) {
  constexpr int64_t kMinRows = 256, kMaxBlocks = 256;
  const int64_t block = std::max(kMinRows, (rows + kMaxBlocks - 1) / kMaxBlocks);
  std::array<double, kMaxBlocks> sums{};
  parallel_blocks(rows, block, [&](int64_t begin, int64_t end) { sums[begin / block] = kernel(begin, end); });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace

double softmax_cross_entropy(ConstMatrixView logits, const int32_t* labels, const float* class_weights,
                             RowSelection rows, float scale, MatrixView grad) {
  const LossPass pass{logits, labels, {}, class_weights, rows, scale, grad};
  return sum_blocks(logits.rows, [&](int64_t begin, int64_t end) {
    return HWY_DYNAMIC_DISPATCH(CrossEntropyRows)(pass, begin, end);
  });
}

double binary_cross_entropy(ConstMatrixView logits, ConstMatrixView targets, const float* class_weights,
                            RowSelection rows, float scale, MatrixView grad) {
  const LossPass pass{logits, nullptr, targets, class_weights, rows, scale, grad};
  return sum_blocks(logits.rows, [&](int64_t begin, int64_t end) {
    return HWY_DYNAMIC_DISPATCH(BinaryCrossEntropyRows)(pass, begin, end);
  });
}

double squared_error(ConstMatrixView outputs, ConstMatrixView targets, RowSelection rows, float scale,
                     MatrixView grad) {
  const LossPass pass{outputs, nullptr, targets, nullptr, rows, scale, grad};
  return sum_blocks(outputs.rows, [&](int64_t begin, int64_t end) {
    return HWY_DYNAMIC_DISPATCH(SquaredErrorRows)(pass, begin, end);
  });
}

}  // namespace tersegraph
#endif  // HWY_ONCE
