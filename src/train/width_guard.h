#pragma once

#include <functional>
#include <vector>

#include "comm/channel.h"
#include "nn/parameters.h"

namespace tersegraph {

/// Whether messages of few bits still give the gradient. In one step, with g the exact gradient of the weights, g~ the
/// one that training uses and g' an exact one under another draw of dropout:
///   error = ||g~ - g|| / ||g||             what rounding does to the step
///   noise = ||g' - g|| / (sqrt(2) ||g||)   what dropout does to it anyway
/// Both are noise of mean (nearly) zero, so their squares add up, and the distance from an optimum at which steps of
/// one length stop getting closer grows with the sum.
struct WidthCheck {
  double error = 0, noise = 0;

  /// error > noise, and not small by itself.
  bool too_coarse() const;
};

/// Compares the gradients. One check takes two exact steps and three sums over the ranks, all Traffic::evaluation.

class WidthGuard {
 public:
  WidthGuard(Parameters& parameters, Channel& channel) : parameters_(parameters), channel_(channel) {}

  /// The gradients are this rank's part of g~, and are so again afterwards. `exact_step(other)` makes them its part of
  /// g, or of g'. Collective.
  WidthCheck check(const std::function<void(bool other_dropout)>& exact_step);

 private:
  /// The squared norm of the sum over ranks; `part` becomes that sum.
  double squared_sum(std::vector<float>& part);

  Parameters& parameters_;
  Channel& channel_;
  std::vector<float> used_, exact_, difference_;
};

}  // namespace tersegraph
