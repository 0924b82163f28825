#pragma once

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>

#include "base/matrix.h"
#include "base/parallel.h"
#include "base/timer.h"

namespace tersegraph {

/// What the time inside a block of rows goes to.
enum class BlockPhase { spmm, gemm, activation };

/// What one thread has to itself while it works on blocks of rows.
class BlockThread {
 public:
  /// Room for `rows` rows of `cols`; the same memory for the same `use` every time.
  MatrixView room(size_t use, int64_t rows, int64_t cols) {
    rooms_[use].reshape(rows, cols);
    return rooms_[use];
  }
  Matrix& scratch() { return scratch_; }

  /// The time since the last call, or since the block began, was spent on `phase`.
  void lap(BlockPhase phase) {
    seconds_[static_cast<size_t>(phase)] += timer_.seconds();
    timer_.restart();
  }

 private:
  friend class RowBlocks;
  std::array<Matrix, 5> rooms_;
  Matrix scratch_;
  Timer timer_;
  std::array<double, 3> seconds_{};
};

/// Some consecutive rows, small enough to stay in a core's second-level cache while several kernels work on them.
struct RowBlock {
  int64_t range;       ///< the range of blocks that this one is of
  bool first;          ///< of its range
  int64_t begin, end;  ///< rows
  BlockThread& thread;

  int64_t rows() const { return end - begin; }
};

/// Goes over rows by blocks, in parallel. Blocks form ranges; the blocks of one range come in order on one thread, so
/// what a range adds up does not depend on the number of threads. Blocks and ranges depend on the numbers of rows,
/// columns and sums alone.
class RowBlocks {
 public:
  static constexpr int64_t kMostRows = 1024;                  ///< of a block
  static constexpr int64_t kBlockFloats = 1 << 16;            ///< 256 KiB: a block of one matrix
  static constexpr int64_t kThreadBytes = 12 * kBlockFloats;  ///< about what a thread has to itself

  /// `width`: columns of the widest rows; `sums`: floats that every range adds up.
  void resize(int64_t width, int64_t sums) {
    block_ = std::clamp<int64_t>(kBlockFloats / std::max<int64_t>(width, 1) / 32 * 32, 32, kMostRows);
    most_ranges_ = std::clamp<int64_t>(kSumFloats / std::max<int64_t>(sums, 1), 16, 64);
  }

  int64_t range_rows(int64_t rows) const {
    const int64_t range = std::max((rows + most_ranges_ - 1) / most_ranges_, kLeastRows);
    return range <= block_ ? range : (range + block_ - 1) / block_ * block_;
  }
  /// Of a loop over so many rows. One over fewer may have more, for its ranges may be shorter.
  int64_t ranges(int64_t rows) const { return (rows + range_rows(rows) - 1) / range_rows(rows); }
  /// No loop over at most so many rows has more ranges.
  int64_t most_ranges(int64_t rows) const { return std::min(most_ranges_, (rows + kLeastRows - 1) / kLeastRows); }

  /// Calls body(RowBlock) for all blocks of `rows` rows and adds the mean of the threads' seconds to the phases.
  template <class Body>
  void run(int64_t rows, PhaseSeconds& seconds, Body&& body) {
    run(rows, seconds, body, [](int64_t, int64_t) { return true; });
  }
  /// The same for those ranges of which select(first row, end) is true.
  template <class Body, class Select>
  void run(int64_t rows, PhaseSeconds& seconds, Body&& body, Select&& select) {
    while (std::ssize(threads_) < thread_count()) threads_.emplace_back();
    const int64_t range = range_rows(rows), block = std::min(block_, range);
    parallel_blocks(rows, range, [&](int64_t begin, int64_t end) {
      if (!select(begin, end)) return;
      BlockThread& thread = threads_[omp_get_thread_num()];
      for (int64_t row = begin; row < end; row += block) {
        thread.timer_.restart();
        body(RowBlock{begin / range, row == begin, row, std::min(row + block, end), thread});
      }
    });
    collect(seconds);
  }

 private:
  static constexpr int64_t kSumFloats = 1 << 22;
  static constexpr int64_t kLeastRows = 256;  ///< a range of fewer is not worth its sums

  void collect(PhaseSeconds& seconds) {
    constexpr std::array kNames{"spmm", "gemm", "activation"};
    for (size_t phase = 0; phase < kNames.size(); ++phase) {
      double sum = 0.0;
      for (BlockThread& thread : threads_) {
        sum += thread.seconds_[phase];
        thread.seconds_[phase] = 0.0;
      }
      if (sum > 0.0) seconds[kNames[phase]] += sum / thread_count();
    }
  }

  int64_t block_ = 256, most_ranges_ = 64;
  std::deque<BlockThread> threads_;
};

}  // namespace tersegraph
