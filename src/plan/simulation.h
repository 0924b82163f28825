#pragma once

#include <span>
#include <vector>

#include "exchange/link_model.h"

namespace tersegraph {

/// One exchange between all ranks with the computation around it.
struct ExchangeStage {
  std::vector<double> before;  ///< (ranks) seconds until a rank sends
  std::vector<double> hidden;  ///< (ranks) seconds that it then computes before it needs what comes
  std::vector<double> bytes;   ///< (ranks, ranks) by sender; empty: nothing is sent
};

struct SimulatedEpoch {
  double seconds = 0;           ///< until the last rank is done
  std::vector<double> exposed;  ///< (ranks) seconds of waiting
};

/// Plays the stages, event by event. A host has a way out and a way in that work at the same time (full duplex), each
/// for one message after the other; a message keeps both ends busy for the link's theta n + gamma, from the moment at
/// which its own end is free. Rank r sends to r + 1, r + 2, ... modulo the ranks. Between ranks of one host a message
/// takes the time of links.link(h, h) and keeps nobody else waiting. A rank goes on to the next stage when its hidden
/// work is done and everything has come.
SimulatedEpoch simulate_epoch(std::span<const ExchangeStage> stages, const LinkModel& links,
                              std::span<const int> host_of);

}  // namespace tersegraph
