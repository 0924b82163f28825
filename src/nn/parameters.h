#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/matrix.h"

namespace tersegraph {

/// A model's trainable tensors, side by side in one flat buffer of values and one of gradients, so that one all-reduce
/// and one optimizer loop serve them all. Tensors keep the order in which they were added.
class Parameters {
 public:
  /// Declares a (rows, cols) tensor and returns its index. `decay` multiplies the optimizer's weight decay: 0 for none.
  int add(std::string name, int64_t rows, int64_t cols, float decay = 1.0f);

  /// Allocates what was declared, all zero. Nothing can be added afterwards.
  void finalize();

  int count() const { return static_cast<int>(tensors_.size()); }
  int64_t size() const { return size_; }
  const std::string& name(int tensor) const { return tensors_[tensor].name; }
  int64_t elements(int tensor) const { return tensors_[tensor].rows * tensors_[tensor].cols; }
  /// The index of a tensor by name; -1 when there is none.
  int find(const std::string& name) const;

  float decay(int tensor) const { return tensors_[tensor].decay; }
  void set_decay(int tensor, float decay) { tensors_[tensor].decay = decay; }

  MatrixView value(int tensor) const { return view(values_, tensor); }
  MatrixView gradient(int tensor) const { return view(gradients_, tensor); }
  /// Where a tensor begins in the flat buffers.
  int64_t offset(int tensor) const { return tensors_[tensor].offset; }
  std::span<float> values() const { return {values_.data(), static_cast<size_t>(size_)}; }
  std::span<float> gradients() const { return {gradients_.data(), static_cast<size_t>(size_)}; }

  void zero_gradients() { gradients_.fill(0.0f); }

  /// The values as they are now, to come back to (the best epoch). `copy` keeps its memory over calls.
  void save_values(std::vector<float>& copy) const;
  void restore_values(std::span<const float> copy);

 private:
  struct Tensor {
    std::string name;
    int64_t rows;
    int64_t cols;
    int64_t offset;
    float decay;
  };

  MatrixView view(const Matrix& buffer, int tensor) const {
    const Tensor& t = tensors_[tensor];
    return {buffer.data() + t.offset, t.rows, t.cols};
  }

  std::vector<Tensor> tensors_;
  int64_t size_ = 0;
  Matrix values_;
  Matrix gradients_;
};

}  // namespace tersegraph
