#include "plan/placement.h"

#include <algorithm>

namespace tersegraph {

LinkModel over_tcp(LinkModel links, bool emulated) {
  const double share = emulated && links.hosts() > 2 ? kCrowdedShare : kTcpShare;
  for (int from = 0; from < links.hosts(); ++from) {
    for (int to = 0; to < links.hosts(); ++to) links.link(from, to).theta /= share;
  }
  return links;
}

int Placement::ranks_here() const {
  if (one_machine) return static_cast<int>(host_of.size());
  return static_cast<int>(std::ranges::count(host_of, host_of.front()));
}

}  // namespace tersegraph
