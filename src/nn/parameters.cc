#include "nn/parameters.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tersegraph {

int Parameters::add(std::string name, int64_t rows, int64_t cols, float decay) {
  if (!values_.empty()) throw std::logic_error("Parameters::add after finalize");
  if (find(name) >= 0) throw std::logic_error("Parameters::add: two tensors named " + name);
  tensors_.push_back({std::move(name), rows, cols, size_, decay});
  size_ += rows * cols;
  return count() - 1;
}

void Parameters::finalize() {
  values_.reshape(1, size_);
  gradients_.reshape(1, size_);
  values_.fill(0.0f);
  gradients_.fill(0.0f);
}

int Parameters::find(const std::string& name) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(), [&](const Tensor& t) { return t.name == name; });
  return found == tensors_.end() ? -1 : static_cast<int>(found - tensors_.begin());
}

void Parameters::save_values(std::vector<float>& copy) const {
  copy.assign(values().begin(), values().end());
}

void Parameters::restore_values(std::span<const float> copy) {
  if (static_cast<int64_t>(copy.size()) != size_) throw std::logic_error("Parameters::restore_values: another size");
  std::copy(copy.begin(), copy.end(), values().begin());
}

}  // namespace tersegraph
