#pragma once

#include <cstdint>
#include <vector>

#include "nn/parameters.h"
#include "nn/row_blocks.h"

namespace tersegraph {

/// Gradients of weights that blocks of rows add up: one sum a range of blocks, added in order at the end, so that the
/// result does not depend on the number of threads.
class PartialGradients {
 public:
  explicit PartialGradients(Parameters& parameters) : parameters_(parameters) {}

  /// `tensor` is added up by blocks from now on. Tensors whose gradients come otherwise take no room.
  void add(int tensor);
  /// Floats a range adds up.
  int64_t size() const { return size_; }

  /// Begins a pass whose loops have at most `ranges` ranges: all sums are zero.
  void start(int64_t ranges);
  /// The sum of `tensor` over this block's range.
  MatrixView of(int tensor, const RowBlock& block) const;
  /// Overwrites the gradients of the added tensors.
  void finish();

 private:
  Parameters& parameters_;
  std::vector<int64_t> offset_;  ///< by tensor; -1: not added up here
  int64_t size_ = 0;
  Matrix sums_;  ///< (ranges, size)
};

}  // namespace tersegraph
