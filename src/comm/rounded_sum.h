#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/channel.h"
#include "comm/span_codec.h"

namespace tersegraph {

/// An all-reduce of which each rank sums one slice in rank order and sends it to all, as all_reduce_sum, with both
/// steps rounded, without bias. What an encoding loses is added to what the rank encodes in the same place the next
/// time (error feedback; both ways as in DoubleSqueeze, Tang et al. 2019). All ranks take what was sent for the sum, so
/// they end with the same bits.
class RoundedSum {
 public:
  /// `bits` of a value that travels: 1 to 8 or 16.
  RoundedSum(Channel& channel, Traffic kind, int bits) : channel_(channel), kind_(kind), codec_(bits) {}

  /// values = sum over ranks. Every time as many. Rounding number `step` draws from `seed`.
  void operator()(std::span<float> values, uint64_t seed, int64_t step);

  /// Bytes that a rank sends for so many values, seals included.
  static int64_t bytes(int64_t values, int bits, int rank, int ranks);

  /// What the encodings lost so far, two numbers a value: first of this rank's parts, then of the sums that it made.
  std::span<const float> lost() const { return lost_; }
  void restore(std::vector<float> lost) { lost_ = std::move(lost); }

 private:
  struct Slice {
    size_t first = 0, count = 0;
  };
  enum class What { parts, sums };

  Slice slice(size_t values, int rank) const;
  void encode(std::span<float> values, Slice slice, What what, StreamKey key, std::byte* message);
  void sum_parts(std::span<float> values, Slice own);
  void exchange(size_t values, What what);

  Channel& channel_;
  const Traffic kind_;
  const SpanCodec codec_;
  std::span<std::byte> sent_, received_;  ///< a slot for each rank's slice
  size_t slot_ = 0;
  std::vector<float> lost_, part_, own_;
};

}  // namespace tersegraph
