#pragma once

#include <cstdint>
#include <utility>

#include "base/csr.h"
#include "base/parallel.h"

namespace tersegraph {

/// The rows of a sparse matrix in blocks of about equal work: a hub is a block of its own, where equal numbers of rows
/// would keep the other threads waiting. The blocks depend on the matrix alone. A block may be empty.
class EdgeBlocks {
 public:
  explicit EdgeBlocks(CsrView a) : a_(a) {}

  int64_t count() const { return a_.rows == 0 ? 0 : (work_before(a_.rows) + kBlockWork - 1) / kBlockWork; }

  /// First and one past the last row of block b.
  std::pair<int64_t, int64_t> rows(int64_t b) const { return {first_row(b), first_row(b + 1)}; }

 private:
  /// In entries: small enough that the last block does not keep the other threads waiting, large enough to pay for
  /// handing it out.
  static constexpr int64_t kBlockWork = 2048;
  static constexpr int64_t kRowWork = 4;

  int64_t work_before(int64_t row) const { return a_.begin(row) - a_.begin(0) + kRowWork * row; }

  /// The first row with at least b blocks' work before it.
  int64_t first_row(int64_t b) const {
    int64_t low = 0, high = a_.rows;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (work_before(middle) < b * kBlockWork) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  CsrView a_;
};

/// Calls body(begin, end) for the blocks of rows, in any order, in parallel; as parallel_blocks.
template <class Body>
void parallel_edge_blocks(CsrView a, Body&& body) {
  const EdgeBlocks blocks(a);
  parallel_blocks(blocks.count(), 1, [&](int64_t b, int64_t) {
    const auto [begin, end] = blocks.rows(b);
    if (begin < end) body(begin, end);
  });
}

}  // namespace tersegraph
