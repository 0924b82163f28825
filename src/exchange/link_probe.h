#pragma once

#include <vector>

#include "comm/channel.h"
#include "exchange/link_model.h"

namespace tersegraph {

/// Measures the links between all hosts; host_of[r] is the host of rank r, numbered from 0. Collective: the lowest rank
/// of each host probes for it, in rounds of disjoint pairs, so that no two probes share a host; then all ranks get the
/// same model, bit for bit. Sizes grow up to 4 MiB or until a message takes more than 50 ms; each is sent three times
/// or more and the least time counts (what disturbs only adds). A pair takes some 10 ms on a fast network and 0.3 to
/// 0.8 s on a slow one (1 Gbit/s, 100 Mbit/s). The bytes count as Traffic::setup.
LinkModel probe_links(Channel& channel, const std::vector<int>& host_of);

}  // namespace tersegraph
