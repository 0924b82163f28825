#include "exchange/layer_plans.h"

#include <utility>

#include "base/byte_stream.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

/// Adds to `needed` what its rows aggregate over, here and on the other ranks.
void add_sources(const Shard& shard, std::vector<uint8_t>& needed, Channel& channel) {
  const std::vector<uint8_t> destinations = needed;
  std::vector<uint8_t> halo(shard.halo.size(), 0);
  for (int64_t i = 0; i < shard.owned_count(); ++i) {
    if (destinations[i] == 0) continue;
    for (int64_t e = shard.local.indptr[i]; e < shard.local.indptr[i + 1]; ++e) needed[shard.local.indices[e]] = 1;
    for (int64_t e = shard.remote.indptr[i]; e < shard.remote.indptr[i + 1]; ++e) halo[shard.remote.indices[e]] = 1;
  }
  std::vector<std::vector<std::byte>> wanted(shard.ranks);
  for (int q = 0; q < shard.ranks; ++q) {
    for (int64_t j = shard.halo_offsets[q]; j < shard.halo_offsets[q + 1]; ++j) {
      if (halo[j] != 0) append_values(wanted[q], &shard.halo[j], 1);
    }
  }
  const auto asked = all_to_all(channel, Traffic::setup, wanted);
  std::vector<int64_t> ids;
  for (int q = 0; q < shard.ranks; ++q) {
    ByteReader reader(asked[q], fmt::format("rank {} sent a malformed list of nodes", q));
    while (!reader.done()) ids.push_back(reader.read<int64_t>());
  }
  for (const int32_t row : local_rows(shard, ids)) needed[row] = 1;
}

/// `a` without the entries of the rows that are not `kept`.
Csr keep_rows(const Csr& a, const std::vector<uint8_t>& kept) {
  Csr part;
  part.cols = a.cols;
  part.indptr.reserve(kept.size() + 1);
  for (int64_t i = 0; i < a.rows(); ++i) {
    if (kept[i] != 0) {
      append_row(a, i, part);
    } else {
      part.indptr.push_back(part.nnz());
    }
  }
  return part;
}

int64_t over_ranks(int64_t count, Channel& channel) {
  all_reduce_sum(channel, Traffic::setup, std::span(&count, 1));
  return count;
}

}  // namespace

std::vector<std::vector<uint8_t>> needed_rows(const Shard& shard, std::span<const int64_t> training_rows, int layers,
                                              Channel& channel) {
  std::vector<std::vector<uint8_t>> needed(layers, std::vector<uint8_t>(shard.owned.size(), 0));
  for (const int64_t row : training_rows) needed[layers - 1][row] = 1;
  for (int l = layers - 2; l >= 0; --l) {
    needed[l] = needed[l + 1];
    add_sources(shard, needed[l], channel);
  }
  return needed;
}

LayerPlans::Pair LayerPlans::make(const Shard& shard, CsrView remote, Channel& channel) const {
  ExchangePlan forward = plan_forward(shard, remote, choice_, hosts_, channel);
  ExchangePlan backward = plan_backward(forward);
  return {std::move(forward), std::move(backward)};
}

LayerPlans::LayerPlans(const Shard& shard, RowChoice choice, const Hosts& hosts, Channel& channel)
    : choice_(choice), hosts_(hosts) {
  plans_.push_back(make(shard, shard.remote, channel));
}

void LayerPlans::skip_rows(const Shard& shard, std::span<const int64_t> training_rows, int layers, Channel& channel) {
  const auto needed = needed_rows(shard, training_rows, layers, channel);
  const int64_t all_edges = over_ranks(shard.remote.nnz(), channel);
  plans_.resize(1);
  layer_plan_.assign(layers, 0);
  // R_l only grows from the last layer to the first, so edge sets of one size are the same.
  int64_t last_edges = -1;
  for (int l = layers - 1; l >= 0; --l) {
    const Csr remote = keep_rows(shard.remote, needed[l]);
    const int64_t edges = over_ranks(remote.nnz(), channel);
    if (edges == all_edges) break;
    if (edges != last_edges) plans_.push_back(make(shard, remote, channel));
    last_edges = edges;
    layer_plan_[l] = static_cast<int>(plans_.size()) - 1;
  }
}

}  // namespace tersegraph
