#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "exchange/width_ladder.h"

namespace tersegraph {

/// A lane is what travels from one host to another (or from rank to rank, in ring rounds): its messages face one price.
/// Which steps its messages could take, by slope: all that a choice of prices needs to know of them. Bins are 1/32 of
/// an octave wide and reach 32 octaves down from the exchange's steepest step; what is flatter counts in the lowest.
struct SlopeBins {
  static constexpr int kBins = 1024;
  static constexpr int kKeyShift = 18;  ///< a float's bits without these are its bin: 5 bits of mantissa remain

  /// Numbers of a lane, as they stand in a row of SlopeHistograms: sums over its messages.
  struct Lane {
    const double* at;
    double peers() const { return at[0]; }         ///< pairs of ranks that send to each other
    double lowest_bytes() const { return at[1]; }  ///< before any step, headers included
    double lowest_cost() const { return at[2]; }
    double fp32_bytes() const { return at[3]; }                  ///< of the same messages, unquantized
    const double* bytes() const { return at + kHead; }           ///< (kBins) taken by the steps of each bin
    const double* bought() const { return at + kHead + kBins; }  ///< (kBins) cost that they take away
  };
  static constexpr int kHead = 4;
  static constexpr int kNumbers = kHead + 2 * kBins;

  /// The bin of a slope when bins end at `top`, the key of the steepest step.
  static int key(float slope) { return static_cast<int>(std::bit_cast<uint32_t>(slope) >> kKeyShift); }
  static int bin(float slope, int top) { return std::max(key(slope) - top + kBins - 1, 0); }
  /// Where a bin begins; the lowest begins at 0, and kBins is the end of the last.
  static float edge(int bin, int top);
};

/// The slope histograms of several exchanges and all their lanes, in one piece so that one all_reduce_sum makes those
/// of all ranks.
class SlopeHistograms {
 public:
  SlopeHistograms(int exchanges, int lanes)
      : lanes_(lanes), top_(exchanges, 0), values_(static_cast<size_t>(exchanges) * lanes * SlopeBins::kNumbers) {}

  /// The steepest step of the exchange over all ranks: before add(), and the same everywhere.
  void set_steepest(int exchange, float slope) { top_[exchange] = SlopeBins::key(slope); }

  /// Adds the messages of one rank. lane_of[q]: the lane of those to rank q.
  void add(int exchange, const WidthLadder& ladder, int64_t cols, const MessageCosts& costs,
           std::span<const int> lane_of);

  int exchanges() const { return static_cast<int>(top_.size()); }
  int lanes() const { return lanes_; }
  int top(int exchange) const { return top_[exchange]; }
  SlopeBins::Lane lane(int exchange, int lane) const { return {values_.data() + row(exchange, lane)}; }
  std::span<double> values() { return values_; }

 private:
  size_t row(int exchange, int lane) const {
    return (static_cast<size_t>(exchange) * lanes_ + lane) * SlopeBins::kNumbers;
  }

  int lanes_;
  std::vector<int> top_;
  std::vector<double> values_;
};

}  // namespace tersegraph
