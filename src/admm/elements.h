#pragma once

#include <array>

#include "base/parallel.h"

namespace tersegraph {

/// Elements that one task of an elementwise pass works on.
constexpr int64_t kElementBlock = 8192;

/// Calls body(begin, end) for fixed ranges of 0..count, in parallel.
template <class Body>
void parallel_elements(int64_t count, Body&& body) {
  parallel_blocks(count, kElementBlock, body);
}

/// A sum of many fp32 terms: 16 running sums, which the compiler keeps in vectors, closed in fp64 every so often.
class LaneSum {
 public:
  static constexpr int64_t kLanes = 16;

  /// Adds term(i) for i in begin..end-1, in an order that depends on the range alone.
  template <class Term>
  void add(int64_t begin, int64_t end, Term&& term) {
    constexpr int64_t kChunk = 1024;
    for (int64_t chunk = begin; chunk < end; chunk += kChunk) {
      const int64_t chunk_end = chunk + kChunk < end ? chunk + kChunk : end;
      std::array<float, kLanes> lanes{};
      int64_t i = chunk;
      for (; i + kLanes <= chunk_end; i += kLanes) {
        for (int64_t k = 0; k < kLanes; ++k) lanes[k] += term(i + k);
      }
      for (; i < chunk_end; ++i) lanes[0] += term(i);
      for (float lane : lanes) total_ += static_cast<double>(lane);
    }
  }
  double value() const { return total_; }

 private:
  double total_ = 0.0;
};

/// sum of term(i) over 0..count-1, on the calling thread: the same bits wherever it is called.
template <class Term>
double sum_elements(int64_t count, Term&& term) {
  LaneSum sum;
  sum.add(0, count, term);
  return sum.value();
}

}  // namespace tersegraph
