#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "data/dataset_rows.h"

namespace tersegraph {

/// Calls block(begin, end) for rows begin..end-1 of a CSR, and so on to its last: each block has 2^20 entries at most,
/// or one row.
template <class Block>
void for_each_row_block(const std::vector<int64_t>& indptr, Block&& block) {
  constexpr int64_t kEntries = 1 << 20;
  const int64_t rows = std::ssize(indptr) - 1;
  for (int64_t begin = 0; begin < rows;) {
    const auto next = indptr.begin() + begin + 1;
    const int64_t fitting = std::upper_bound(next, indptr.end(), indptr[begin] + kEntries) - next;
    const int64_t end = begin + std::max<int64_t>(1, fitting);
    block(begin, end);
    begin = end;
  }
}

/// Shows rows begin..end-1, which have these entries; `values` may be empty.
inline void see_rows(const std::vector<int64_t>& indptr, int64_t begin, int64_t end, std::span<const int32_t> columns,
                     std::span<const float> values, const DatasetRows::SeeSparse& see) {
  for (int64_t i = begin; i < end; ++i) {
    const int64_t at = indptr[i] - indptr[begin], length = indptr[i + 1] - indptr[i];
    see(i, columns.subspan(at, length), values.empty() ? values : values.subspan(at, length));
  }
}

}  // namespace tersegraph
