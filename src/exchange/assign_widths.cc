#include <array>
#include <bit>
#include <cmath>

#include "exchange/bit_assigner.h"
#include "exchange/message.h"

namespace tersegraph {
namespace {

/// A step whose slope lies where only some are taken.
struct Candidate {
  uint32_t key = 0;  ///< the bits of its slope: they sort as the slopes do
  uint32_t bytes = 0;
  int64_t message = 0;
  int rung = 0;
};

/// The key of the steepest candidates that do not all fit into `room`, by radix selection: no sort. `room` becomes what
/// those with larger keys leave of it.
uint32_t find_cut(std::span<const Candidate> candidates, double& room) {
  uint32_t cut = 0, known = 0;  // its leading bits, and which they are
  for (const int shift : {21, 10, 0}) {
    const uint32_t digits = shift == 0 ? 0x3FF : 0x7FF;
    std::array<double, 2048> bytes{};
    for (const Candidate& candidate : candidates) {
      if ((candidate.key & known) == cut) bytes[candidate.key >> shift & digits] += candidate.bytes;
    }
    uint32_t digit = digits;
    while (digit > 0 && bytes[digit] <= room) room -= bytes[digit--];
    cut |= digit << shift;
    known |= digits << shift;
  }
  return cut;
}

/// Takes the steepest candidates whose bytes fit into `room`; those with equal slopes go in the order in which they
/// stand. With `round_up` the first that does not fit is taken too.
template <class Take>
void take_steepest(std::span<const Candidate> candidates, double room, bool round_up, Take&& take) {
  const uint32_t cut = find_cut(candidates, room);
  for (const Candidate& candidate : candidates) {
    if (candidate.key < cut) continue;
    if (candidate.key == cut) {
      const bool takes = candidate.bytes <= room || (round_up && room > 0);
      room -= candidate.bytes;
      if (!takes) continue;
    }
    take(candidate);
  }
}

/// The messages to one peer.
class PeerWidths {
 public:
  PeerWidths(const WidthLadder& ladder, const WidthThreshold& threshold, bool round_up)
      : ladder_(ladder), threshold_(threshold), round_up_(round_up) {}

  void assign(const MessageCosts& costs, int64_t first, int64_t last, std::span<uint8_t> widths, LaneTotals& totals) {
    const int lowest = ladder_.may_drop() ? 0 : ladder_.rungs()[0].bits;
    double bytes = sizeof(MessageHeader), cost = 0, some = 0;
    candidates_.clear();
    for (int64_t i = first; i < last; ++i) {
      const LowestWidth start = lowest_width(ladder_, costs.weights[i], costs.norm(i));
      bytes += static_cast<double>(start.bytes);
      cost += start.cost;
      int width = lowest;
      visit_steps(ladder_, costs.weights[i], costs.norm(i), [&](const WidthStep& step) {
        if (step.slope >= threshold_.all_from) {
          width = ladder_.rungs()[step.rung].bits;
          bytes += static_cast<double>(step.bytes);
          cost -= static_cast<double>(step.slope) * static_cast<double>(step.bytes);
        } else if (step.slope >= threshold_.some_from) {
          some += static_cast<double>(step.bytes);
          candidates_.push_back(candidate(step, i));
        }
      });
      widths[i] = static_cast<uint8_t>(width);
    }
    // The last digits of share x some are rounding: they must not cost a message.
    const double room = threshold_.share * some * (1 + 1e-12);
    take_steepest(candidates_, round_up_ ? std::ceil(room) : room, round_up_, [&](const Candidate& step) {
      widths[step.message] = static_cast<uint8_t>(ladder_.rungs()[step.rung].bits);
      bytes += step.bytes;
      cost -= static_cast<double>(std::bit_cast<float>(step.key)) * step.bytes;
    });
    totals.bytes += bytes;
    totals.cost += cost;
    totals.peers += 1;
  }

 private:
  static Candidate candidate(const WidthStep& step, int64_t message) {
    return {std::bit_cast<uint32_t>(step.slope), static_cast<uint32_t>(step.bytes), message, step.rung};
  }

  const WidthLadder& ladder_;
  WidthThreshold threshold_;
  bool round_up_;
  std::vector<Candidate> candidates_;
};

}  // namespace

std::vector<LaneTotals> assign_widths(const WidthDecision& decision, int exchange, const WidthLadder& ladder,
                                      const MessageCosts& costs, std::span<const int> lane_of,
                                      std::span<uint8_t> widths) {
  std::vector<LaneTotals> totals(decision.thresholds.size() / decision.seconds.size());
  for (size_t q = 0; q < lane_of.size(); ++q) {
    if (costs.offsets[q] == costs.offsets[q + 1]) continue;
    const int lane = lane_of[q];
    PeerWidths(ladder, decision.threshold(exchange, lane), decision.round_up)
        .assign(costs, costs.offsets[q], costs.offsets[q + 1], widths, totals[lane]);
  }
  return totals;
}

}  // namespace tersegraph
