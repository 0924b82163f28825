#pragma once

#include <cstdint>
#include <vector>

#include "augment/ordered_aggregation.h"

namespace tersegraph {

/// The rows of A^k H that a rank works with: some of its own, then some of its halo.
struct HopRows {
  std::vector<int64_t> owned;     ///< ascending
  std::vector<int64_t> halo;      ///< ascending, counted from the first halo row
  std::vector<int32_t> position;  ///< where each row of [owned; halo] of the shard stands among them; -1: not at all
  ExchangePlan exchange;          ///< brings the halo rows; gathers from `owned`

  int64_t count() const { return static_cast<int64_t>(owned.size() + halo.size()); }
  int64_t halo_count() const { return static_cast<int64_t>(halo.size()); }
};

/// For hops 0 .. hops, the rows without which those of the training nodes (local rows) cannot be computed: of hop k the
/// neighbours of what hop k + 1 needs, and the training nodes unless last_hop_only. Collective.
std::vector<HopRows> plan_hops(const OrderedAggregation& aggregation, const std::vector<int64_t>& training, int hops,
                               bool last_hop_only, Channel& channel);

/// A's rows `to.owned` over the rows `from`, in the order of A.
Csr operator_between(const Csr& a, const HopRows& from, const HopRows& to);

}  // namespace tersegraph
