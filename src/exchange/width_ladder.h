#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace tersegraph {

/// Bytes of one row of `cols` values in a message at `bits` bits: payload and, for integer rows, parameters. A row of 0
/// bits is not sent: the receiver takes it for zero.
int64_t row_bytes(int bits, int64_t cols);

/// The widths that rows of one length may get, and what a step from one to the next wider buys. A row's variance at b
/// bits is c / (2^b - 1)^2, where c is its weight (AdaQP, MLSys 2023, section 4: the sum of the squared coefficients
/// with which the receiver aggregates it, times cols/6 times (max - min)^2). In the plane of bytes and variance only
/// the widths on the lower convex hull are worth having: the rungs. They are the same for all rows of one length.
/// Width 0 is no rung: it costs the row's squared norm, of which its variance says nothing.
class WidthLadder {
 public:
  struct Rung {
    int bits = 0;
    int64_t bytes = 0;                        ///< of a row
    double variance = 0;                      ///< of a row with c = 1
    int64_t step_bytes = 0;                   ///< more than the rung below
    float slope = 0;                          ///< variance that a byte of that step buys where c = 1
    float single_variance = 0, per_byte = 0;  ///< variance, and 1 / bytes
  };

  /// Errors: InputError when `widths` holds anything but 0 to 8, or no width from 1 on.
  WidthLadder(std::span<const int> widths, int64_t cols);

  std::span<const Rung> rungs() const { return rungs_; }
  bool may_drop() const { return may_drop_; }  ///< width 0 is allowed

 private:
  bool may_drop_ = false;
  std::vector<Rung> rungs_;
};

/// What one rank sends in one exchange: a message is one row to one peer.
struct MessageCosts {
  std::span<const int64_t> offsets;  ///< (ranks + 1): messages offsets[q] .. offsets[q+1]-1 go to rank q
  std::span<const float> weights;    ///< c of each
  std::span<const float> norms;      ///< squared norm of each, weighted as c is; needed only where width 0 is allowed

  int64_t count() const { return offsets.back(); }
  float norm(int64_t i) const { return norms.empty() ? 0.0f : norms[static_cast<size_t>(i)]; }
};

/// One upgrade of a message: `bytes` more take it to `rung`, and each buys `slope` of cost.
struct WidthStep {
  float slope;
  int rung;
  int64_t bytes;
};

/// The cost and bytes of a message before any step.
struct LowestWidth {
  double cost;
  int64_t bytes;
};
inline LowestWidth lowest_width(const WidthLadder& ladder, float weight, float norm) {
  if (ladder.may_drop()) return {norm, 0};
  return {weight * ladder.rungs()[0].variance, ladder.rungs()[0].bytes};
}

/// Calls visit(WidthStep) for the steps of a message along its lower convex hull: each is worth no more a byte than the
/// one before. Steps that buy nothing are left out, so a constant row has none.
template <class Visit>
inline void visit_steps(const WidthLadder& ladder, float weight, float norm, Visit&& visit) {
  constexpr float kLeast = std::numeric_limits<float>::min();
  const std::span<const WidthLadder::Rung> rungs = ladder.rungs();
  float limit = std::numeric_limits<float>::max();
  size_t next = 1;
  if (ladder.may_drop()) {
    // From nothing, the hull leads straight to the rung that buys most a byte.
    float most = std::numeric_limits<float>::lowest();
    size_t best = 0;
    for (size_t k = 0; k < rungs.size(); ++k) {
      const float slope = (norm - weight * rungs[k].single_variance) * rungs[k].per_byte;
      if (slope < most) break;  // the chords to a convex chain rise, then fall
      most = slope, best = k;
    }
    limit = std::min(limit, most);
    if (limit < kLeast) return;
    visit(WidthStep{limit, static_cast<int>(best), rungs[best].bytes});
    next = best + 1;
  }
  for (size_t k = next; k < rungs.size(); ++k) {
    const float slope = std::min(weight * rungs[k].slope, limit);
    if (slope < kLeast) return;
    visit(WidthStep{slope, static_cast<int>(k), rungs[k].step_bytes});
  }
}

/// A slope that no step of the messages exceeds, and the steepest equals unless width 0 is allowed (0: no steps).
/// Errors: RunError naming the first message whose cost is negative or not finite.
float steepest_step(const WidthLadder& ladder, const MessageCosts& costs);

}  // namespace tersegraph
