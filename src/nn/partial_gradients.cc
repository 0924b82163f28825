#include "nn/partial_gradients.h"

#include <algorithm>

#include "base/parallel.h"

namespace tersegraph {

void PartialGradients::add(int tensor) {
  if (std::ssize(offset_) <= tensor) offset_.resize(tensor + 1, -1);
  if (offset_[tensor] >= 0) return;
  offset_[tensor] = size_;
  size_ += (parameters_.elements(tensor) + 15) / 16 * 16;
}

void PartialGradients::start(int64_t ranges) {
  sums_.reshape(ranges, size_);
  parallel_blocks(ranges, 1, [&](int64_t begin, int64_t) { std::fill_n(sums_.row(begin), size_, 0.0f); });
}

MatrixView PartialGradients::of(int tensor, const RowBlock& block) const {
  const MatrixView value = parameters_.value(tensor);
  return {sums_.row(block.range) + offset_[tensor], value.rows, value.cols};
}

void PartialGradients::finish() {
  constexpr int64_t kBlockElements = 4096;
  for (int tensor = 0; tensor < std::ssize(offset_); ++tensor) {
    if (offset_[tensor] < 0) continue;
    const MatrixView gradient = parameters_.gradient(tensor);
    parallel_blocks(gradient.size(), kBlockElements, [&](int64_t begin, int64_t end) {
      std::fill(gradient.data + begin, gradient.data + end, 0.0f);
      for (int64_t r = 0; r < sums_.rows(); ++r) {
        const float* const sum = sums_.row(r) + offset_[tensor];
        for (int64_t k = begin; k < end; ++k) gradient.data[k] += sum[k];
      }
    });
  }
}

}  // namespace tersegraph
