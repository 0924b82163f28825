#pragma once

#include <vector>

#include "exchange/policy.h"

namespace tersegraph {

/// Which ranks are together on a host. Those share one copy of each row that comes from elsewhere, and what they send
/// there is summed before it leaves: of the messages between a rank and another host, one of the host's ranks sees to
/// all.
class Hosts {
 public:
  /// Every rank is its own host where `intra` says so, or where all are on one. host_of as in Communicator.
  Hosts(const std::vector<int>& host_of, IntraHost intra, int rank);

  /// Every rank is its own host.
  static Hosts apart(int ranks, int rank) { return {std::vector<int>(ranks, 0), IntraHost::same, rank}; }

  int rank() const { return rank_; }
  /// (ranks): the host that each rank counts as.
  const std::vector<int>& host_of() const { return host_of_; }
  bool here(int peer) const { return host_of_[peer] == host_of_[rank_]; }
  /// The ranks of this host, ascending, this one among them.
  const std::vector<int>& mates() const { return mates_; }
  /// Some host has several: the same on every rank, so what all ranks do together may depend on it.
  bool any_together() const;
  /// This one has, and there are others: what the ranks of this host alone do may depend on it.
  bool shares_here() const { return mates_.size() > 1 && mates_.size() < host_of_.size(); }
  /// The mate to whom, for all of them, messages of a rank of another host go, and who sends it theirs.
  int reader(int peer) const { return mates_[index_[peer] % mates_.size()]; }

 private:
  int rank_;
  std::vector<int> host_of_;
  std::vector<int> mates_;
  std::vector<size_t> index_;  ///< of each rank among those of its host
};

}  // namespace tersegraph
