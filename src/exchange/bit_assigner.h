#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "exchange/lane_prices.h"
#include "exchange/slope_histogram.h"
#include "exchange/width_ladder.h"

namespace tersegraph {

/// What `slack` takes for no error worth a byte, among widths of 2, 4 and 8 bits that of 4 bits everywhere: bytes that
/// hide take the processor's time in sockets all the same.
constexpr double kEnoughError = 0.04;

/// What the widths of an epoch's messages are chosen for (AdaQP, MLSys 2023, section 4, without its groups of messages
/// and its integer program). V_t is the variance of exchange t (one layer and direction), Z_t its seconds; both count
/// from their values at the lowest width everywhere (low) and at the highest (high):
///   error = mean over t of (V_t - V_t high) / (V_t low - V_t high)
///   time  = sum over t of (Z_t - Z_t low) / sum over t of (Z_t high - Z_t low)
struct AssignerGoal {
  enum class Form {
    balance,  ///< least lambda error + (1 - lambda) time; value: lambda in 0..1
    bytes,    ///< least error with at most this share of the bytes that fp32 rows take
    time,     ///< least error with at most this many seconds for all exchanges
    error,    ///< least time with at most this error (0..1)
    slack     ///< least error, or kEnoughError, with at most hidden_seconds[t] for exchange t: what computation hides
  };
  Form form = Form::balance;
  double value = 0.5;
  std::vector<double> hidden_seconds;  ///< of `slack`, one an exchange
};

/// Steps at least `all_from` steep are taken, and of those from `some_from` up to there the steepest that fit into
/// `share` of what they all take.
struct WidthThreshold {
  float all_from = 0;
  float some_from = 0;
  double share = 0;
};

/// What was chosen: the same on every rank that decides from the same histograms.
struct WidthDecision {
  std::vector<WidthThreshold> thresholds;  ///< by exchange, then lane
  bool round_up = false;                   ///< a message between two widths takes the wider (an error must be met)
  bool met = true;                         ///< false: the budget is below what any widths reach; the nearest are chosen
  std::vector<double> seconds;             ///< predicted, of each exchange
  double bytes = 0;                        ///< predicted, of all exchanges and ranks
  double error = 0;                        ///< as above
  double objective = 0;                    ///< of `balance`: its value, up to rounding
  double bound = 0;                        ///< of `balance`: no widths have a smaller objective

  const WidthThreshold& threshold(int exchange, int lane) const {
    return thresholds[static_cast<size_t>(exchange) * (thresholds.size() / seconds.size()) + lane];
  }
};

/// Chooses the thresholds. Among messages whose bytes have one price p the best widths are those where each step with a
/// slope above p is taken (V is convex along a message's steps); what remains is to find the prices. All at once, the
/// price from host a to host b is theta_ab (mu_a + nu_b), where mu and nu are zero for hosts that are not the busiest
/// (see price_round); the budgets are met by bisection on the price of a second, or of a byte.
/// Errors: InputError when the goal's value is out of its range.
WidthDecision decide_widths(const AssignerGoal& goal, const SlopeHistograms& histograms, const Lanes& lanes);

/// Bytes (headers included), cost and messages of what a rank sends on each lane.
struct LaneTotals {
  double bytes = 0;
  double cost = 0;
  double peers = 0;
};

/// Gives each message of one rank in one exchange its width; widths has costs.count() entries. For each peer at most
/// one message stands between two widths, so that no share is exceeded. Returns the totals by lane.
std::vector<LaneTotals> assign_widths(const WidthDecision& decision, int exchange, const WidthLadder& ladder,
                                      const MessageCosts& costs, std::span<const int> lane_of,
                                      std::span<uint8_t> widths);

}  // namespace tersegraph
