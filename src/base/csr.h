#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tersegraph {

/// A sparse (rows, cols) matrix in compressed sparse rows, not owned. `values` may be null: every stored entry is
/// then 1. Column indices are 32 bits (a rank holds fewer than 2^31 nodes); entry counts are 64.
struct CsrView {
  int64_t rows = 0;
  int64_t cols = 0;
  const int64_t* indptr = nullptr;
  const int32_t* indices = nullptr;
  const float* values = nullptr;

  int64_t nnz() const { return rows == 0 ? 0 : indptr[rows]; }
  int64_t begin(int64_t row) const { return indptr[row]; }
  int64_t end(int64_t row) const { return indptr[row + 1]; }
  float value(int64_t entry) const { return values == nullptr ? 1.0f : values[entry]; }
};

/// The owning kind. `values` is empty when every entry is 1.
struct Csr {
  int64_t cols = 0;
  std::vector<int64_t> indptr{0};
  std::vector<int32_t> indices;
  std::vector<float> values;

  int64_t rows() const { return static_cast<int64_t>(indptr.size()) - 1; }
  int64_t nnz() const { return indptr.back(); }
  bool weighted() const { return !values.empty(); }
  size_t bytes() const { return indptr.size() * 8 + indices.size() * 4 + values.size() * 4; }
  CsrView view() const {
    return {rows(), cols, indptr.data(), indices.data(), values.empty() ? nullptr : values.data()};
  }
  operator CsrView() const { return view(); }
};

/// The transpose; each row of the result lists its columns in ascending order.
Csr transpose(CsrView a);

/// Makes row `row` of `a` the next one of `to`, which has values where `a` does, and as many columns.
void append_row(CsrView a, int64_t row, Csr& to);

}  // namespace tersegraph
