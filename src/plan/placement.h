#pragma once

#include <vector>

#include "exchange/link_model.h"

namespace tersegraph {

/// What TCP over Ethernet leaves of a link's rate for messages while both directions are busy: 1448 of a frame's 1538
/// bytes, and every second frame is acknowledged by one of 90 bytes.
constexpr double kTcpShare = 1448.0 / (1538 + 90 / 2);
/// The same of emulated links where several hosts send to one at once: 4 hosts that sent 3 to 10 MB to all others by
/// MPI got 0.74 to 0.89, at 100 Mbit/s and 1 Gbit/s.
constexpr double kCrowdedShare = 0.85;
/// `links` as messages meet them.
LinkModel over_tcp(LinkModel links, bool emulated);

/// Where ranks run. Every host is a machine like the one that was measured.
struct Placement {
  std::vector<int> host_of;  ///< of each rank
  int threads = 1;           ///< of each rank
  LinkModel links;           ///< what messages between hosts get
  bool one_machine = false;  ///< the hosts are emulated: all share the cores of one machine

  /// Ranks that compute on one machine.
  int ranks_here() const;
  int hosts() const { return links.hosts(); }
};

}  // namespace tersegraph
