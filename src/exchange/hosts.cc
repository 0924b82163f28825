#include "exchange/hosts.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace tersegraph {
namespace {

std::vector<int> places(const std::vector<int>& host_of, IntraHost intra) {
  const bool one_host = std::ranges::count(host_of, host_of.front()) == std::ssize(host_of);
  if (intra == IntraHost::exact || (intra == IntraHost::automatic && !one_host)) return host_of;
  std::vector<int> each(host_of.size());
  std::iota(each.begin(), each.end(), 0);
  return each;
}

}  // namespace

Hosts::Hosts(const std::vector<int>& host_of, IntraHost intra, int rank)
    : rank_(rank), host_of_(places(host_of, intra)) {
  std::map<int, size_t> ranks_of;
  for (size_t q = 0; q < host_of_.size(); ++q) {
    index_.push_back(ranks_of[host_of_[q]]++);
    if (here(static_cast<int>(q))) mates_.push_back(static_cast<int>(q));
  }
}

bool Hosts::any_together() const {
  return std::ranges::any_of(index_, [](size_t index) { return index > 0; });
}

}  // namespace tersegraph
