#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/matrix.h"

namespace tersegraph::python {

/// A read-only numpy array of memory that `owner` keeps.
template <class T>
nanobind::object array_of(const T* data, std::vector<size_t> shape, nanobind::handle owner) {
  return nanobind::cast(nanobind::ndarray<nanobind::numpy, const T>(data, shape.size(), shape.data(), owner));
}

template <class T>
nanobind::object array_of(const std::vector<T>& values, nanobind::handle owner) {
  return array_of(values.data(), {values.size()}, owner);
}

inline nanobind::object array_of(ConstMatrixView x, nanobind::handle owner) {
  return array_of(x.data, {static_cast<size_t>(x.rows), static_cast<size_t>(x.cols)}, owner);
}

/// A matrix becomes an array that can be written.
inline nanobind::object to_array(Matrix matrix) {
  auto held = std::make_unique<Matrix>(std::move(matrix));
  const MatrixView x = *held;
  const nanobind::capsule owner(held.release(), [](void* pointer) noexcept { delete static_cast<Matrix*>(pointer); });
  const size_t shape[] = {static_cast<size_t>(x.rows), static_cast<size_t>(x.cols)};
  return nanobind::cast(nanobind::ndarray<nanobind::numpy, float>(x.data, 2, shape, owner));
}

}  // namespace tersegraph::python
