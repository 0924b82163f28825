#pragma once

#include <span>
#include <vector>

#include "exchange/link_model.h"
#include "exchange/slope_histogram.h"

namespace tersegraph {

/// What a lane takes at a price (cost that a byte must buy): the steps with steeper slopes. Within a bin the slopes
/// count as evenly spread, so that bytes fall continuously as the price rises.
class LaneCurve {
 public:
  LaneCurve(const SlopeBins::Lane& lane, int top);

  struct Point {
    int bin = 0;           ///< all steps of the bins above are taken,
    double share = 0;      ///< and this share of those in it
    double bytes = 0;      ///< taken by both
    double per_price = 0;  ///< how fast bytes fall: -d bytes / d price
  };
  Point at(double price) const;
  /// Cost that the steps taken at `point` take away; never more than what the same share of the messages really does,
  /// when it is the steepest of the bin that are taken.
  double bought(const Point& point) const;
  /// At least sum over steps of max(slope - price, 0) bytes, whatever the slopes within a bin: the part of a Lagrangian
  /// bound that depends on the lane.
  double excess(double price) const;
  double total_bytes() const { return bytes_above_[0]; }
  double total_bought() const { return bought_above_[0]; }

 private:
  int top_;
  std::vector<double> bytes_above_, bought_above_;  ///< (kBins + 1): of the bins from this one on
};

/// One max in an exchange's time: Z >= the seconds of each load. A load is the sum of its lanes' seconds; a lane is in
/// one load (ring rounds) or in two (all at once: its sender's and its receiver's).
struct Round {
  struct Member {
    int lane;
    int first, second;  ///< loads; second < 0: none
  };
  int loads = 0;
  std::vector<Member> members;
};

/// The lanes of a schedule, their links, and the rounds whose times sum to that of an exchange.
class Lanes {
 public:
  enum class Schedule { all_at_once, ring };
  /// host_of[r] is the host of rank r. All at once, lanes are pairs of hosts; in ring rounds, pairs of ranks.
  Lanes(const LinkModel& links, std::span<const int> host_of, Schedule schedule);

  int count() const { return static_cast<int>(links_.size()); }
  int lane(int from_rank, int to_rank) const { return place_[from_rank] * places_ + place_[to_rank]; }
  /// lane(rank, q) of all ranks q.
  std::vector<int> from(int rank) const;
  const Link& link(int lane) const { return links_[lane]; }
  const std::vector<Round>& rounds() const { return rounds_; }

  /// The model's seconds of an exchange: loads by lane.
  double seconds(std::span<const LinkLoad> loads) const;

 private:
  int places_;              ///< hosts or ranks
  std::vector<int> place_;  ///< of each rank
  std::vector<Link> links_;
  std::vector<Round> rounds_;
};

/// Minimises, over what each lane takes, the cost that remains plus `second` times Z, where Z is the longest load of
/// the round and a load's seconds are the sum of fixed[lane] + theta bytes. The dual: prices mu >= 0 of the loads with
/// sum `second` maximise sum over lanes of min over bytes (cost + theta (mu_a + mu_b) bytes) + sum of mu x fixed
/// seconds, a concave function of few variables. Solved by a barrier method (the Newton system has a row a load) to a
/// relative gap of 1e-6 of second x Z. Writes the price of a byte of each member lane to prices[lane], and returns sum
/// over members of (mu_a + mu_b) fixed[lane].
double price_round(const Round& round, const Lanes& lanes, std::span<const LaneCurve> curves,
                   std::span<const double> fixed, double second, std::span<double> prices);

}  // namespace tersegraph
