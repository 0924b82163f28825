#include "exchange/reach.h"

#include <algorithm>
#include <numeric>

#include "comm/collectives.h"
#include "exchange/layer_plans.h"

namespace tersegraph {
namespace {

/// A layer is needed whole from this share of its rows on.
constexpr double kWholeShare = 0.8;

/// The training nodes that the shard owns, by local row.
std::vector<int64_t> owned_rows(const Shard& shard, std::span<const int64_t> nodes) {
  std::vector<bool> wanted(shard.global_nodes, false);
  for (const int64_t node : nodes) wanted[node] = true;
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < shard.owned_count(); ++i) {
    if (wanted[shard.owned[i]]) rows.push_back(i);
  }
  return rows;
}

}  // namespace

Reach order_by_reach(Shard& shard, std::span<const int64_t> training_nodes, int layers, Channel& channel) {
  const auto needed = needed_rows(shard, owned_rows(shard, training_nodes), layers + 1, channel);
  std::vector<int64_t> counts(layers + 1);
  for (int l = 0; l <= layers; ++l) counts[l] = std::count(needed[l].begin(), needed[l].end(), 1);
  std::vector<int64_t> everywhere = counts;
  all_reduce_sum(channel, Traffic::setup, std::span(everywhere));

  // The layers from `first` on are not needed whole.
  int first = 0;
  while (first <= layers && static_cast<double>(everywhere[first]) > kWholeShare * shard.global_nodes) ++first;
  std::vector<int> depth(shard.owned.size(), 0);  // of how many of those layers a row is needed
  for (int l = first; l <= layers; ++l) {
    for (size_t i = 0; i < depth.size(); ++i) depth[i] += needed[l][i];
  }
  std::vector<int32_t> order(shard.owned.size());
  std::iota(order.begin(), order.end(), 0);
  // Deeper ones first; of the same depth those that need no other rank: they are gone on with while messages travel.
  const auto key = [&](int32_t i) { return 2 * depth[i] + (shard.remote.indptr[i] == shard.remote.indptr[i + 1]); };
  std::stable_sort(order.begin(), order.end(), [&](int32_t i, int32_t j) { return key(i) > key(j); });
  reorder_rows(shard, order);
  std::fill_n(counts.begin(), first, shard.owned_count());
  return {counts};
}

}  // namespace tersegraph
