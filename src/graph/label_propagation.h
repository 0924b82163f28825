#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/rng.h"

namespace tersegraph {

/// Nodes move one by one to the group that holds most of their neighbours (Raghavan, Albert, Kumara 2007), unless that
/// one is full. Memory: 8 bytes a group beside the caller's 4 bytes a node.
class LabelPropagation {
 public:
  /// Every node has one of `count` groups already. No group grows beyond `limit` nodes. `group_of` must outlive this.
  /// Of groups with equally many of its neighbours a node prefers its own; of others it joins the one that `lot` draws,
  /// or without it the smallest, which makes more and smaller groups.
  LabelPropagation(std::vector<int32_t>& group_of, int32_t count, int64_t limit, std::optional<StreamKey> lot = {})
      : group_of_(group_of), limit_(limit), lot_(lot), sizes_(count, 0), votes_(count, 0) {
    for (const int32_t group : group_of) ++sizes_[group];
  }

  /// True when it moved.
  bool place(int64_t v, std::span<const int32_t> neighbours) {
    candidates_.clear();
    for (const int32_t u : neighbours) {
      if (votes_[group_of_[u]]++ == 0) candidates_.push_back(group_of_[u]);
    }
    const int32_t own = group_of_[v];
    int32_t best = own;
    for (const int32_t group : candidates_) {
      if (group != own && sizes_[group] < limit_ && beats(group, best, own)) best = group;
    }
    for (const int32_t group : candidates_) votes_[group] = 0;
    --sizes_[own];
    ++sizes_[best];
    group_of_[v] = best;
    return best != own;
  }

 private:
  bool beats(int32_t group, int32_t best, int32_t own) const {
    if (votes_[group] != votes_[best]) return votes_[group] > votes_[best];
    if (lot_) return best != own && lot_->row(group) < lot_->row(best);
    return sizes_[group] + (best == own) < sizes_[best];
  }

  std::vector<int32_t>& group_of_;
  int64_t limit_;
  std::optional<StreamKey> lot_;
  std::vector<int32_t> sizes_, votes_, candidates_;
};
}  // namespace tersegraph
