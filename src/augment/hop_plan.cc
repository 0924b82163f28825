#include "augment/hop_plan.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "augment/fetch_halo.h"
#include "base/error.h"
#include "base/parallel.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr std::byte kNeeded{1};

/// For each peer a byte a row, in the order of the halo; returns what the peers ask of this rank, in the order of
/// plan.gather.
std::vector<std::vector<std::byte>> ask(const std::vector<std::byte>& needed, const Shard& shard,
                                        const ExchangePlan& plan, Channel& channel) {
  std::vector<std::vector<std::byte>> wanted(channel.size());
  for (int q = 0; q < channel.size(); ++q) {
    const auto halo = needed.begin() + shard.owned_count();
    wanted[q].assign(halo + shard.halo_offsets[q], halo + shard.halo_offsets[q + 1]);
  }
  auto asked = all_to_all(channel, Traffic::placement, wanted);
  for (int q = 0; q < channel.size(); ++q) {
    if (std::ssize(asked[q]) != plan.send_offsets[q + 1] - plan.send_offsets[q]) {
      fail_run("rank {} asked for rows of another plan; give all ranks the same partition", q);
    }
  }
  return asked;
}

void list_rows(const std::vector<std::byte>& needed, int64_t owned, HopRows& rows) {
  rows.position.assign(needed.size(), -1);
  int32_t position = 0;
  for (int64_t i = 0; i < std::ssize(needed); ++i) {
    if (needed[i] != kNeeded) continue;
    (i < owned ? rows.owned : rows.halo).push_back(i < owned ? i : i - owned);
    rows.position[i] = position++;
  }
}

ExchangePlan restrict_plan(const ExchangePlan& plan, const std::vector<std::vector<std::byte>>& asked,
                           const HopRows& rows) {
  ExchangePlan part;
  part.send_offsets.push_back(0);
  part.gather.cols = std::ssize(rows.owned);
  for (size_t q = 0; q < asked.size(); ++q) {
    for (size_t k = 0; k < asked[q].size(); ++k) {
      if (asked[q][k] != kNeeded) continue;
      const int64_t row = plan.send_offsets[q] + static_cast<int64_t>(k);
      part.gather.indices.push_back(rows.position[plan.gather.indices[row]]);
      part.send_ids.push_back(plan.send_ids[row]);
    }
    part.send_offsets.push_back(std::ssize(part.send_ids));
  }
  part.gather.indptr.resize(part.send_ids.size() + 1);
  std::iota(part.gather.indptr.begin(), part.gather.indptr.end(), int64_t{0});
  for (const int64_t offset : plan.receive_offsets) {
    part.receive_offsets.push_back(std::lower_bound(rows.halo.begin(), rows.halo.end(), offset) - rows.halo.begin());
  }
  part.scatter = scatter_in_order(part.rows_received());
  return part;
}

HopRows plan_hop(std::vector<std::byte>& needed, const OrderedAggregation& aggregation, Channel& channel) {
  const ExchangePlan& plan = aggregation.plan();
  const auto asked = ask(needed, aggregation.shard(), plan, channel);
  for (size_t q = 0; q < asked.size(); ++q) {
    for (size_t k = 0; k < asked[q].size(); ++k) {
      if (asked[q][k] == kNeeded) needed[plan.gather.indices[plan.send_offsets[q] + static_cast<int64_t>(k)]] = kNeeded;
    }
  }
  HopRows rows;
  list_rows(needed, aggregation.shard().owned_count(), rows);
  rows.exchange = restrict_plan(plan, asked, rows);
  return rows;
}

}  // namespace

std::vector<HopRows> plan_hops(const OrderedAggregation& aggregation, const std::vector<int64_t>& training, int hops,
                               bool last_hop_only, Channel& channel) {
  const CsrView a = aggregation.operator_rows();
  const Shard& shard = aggregation.shard();
  std::vector<HopRows> plan(hops + 1);
  std::vector<std::byte> needed(static_cast<size_t>(shard.owned_count() + shard.halo_count()));
  for (int k = hops; k >= 0; --k) {
    if (k < hops) {
      std::fill(needed.begin(), needed.end(), std::byte{0});
      for (const int64_t i : plan[k + 1].owned) {
        for (int64_t e = a.begin(i); e < a.end(i); ++e) needed[a.indices[e]] = kNeeded;
      }
    }
    if (k == hops || !last_hop_only) {
      for (const int64_t i : training) needed[i] = kNeeded;
    }
    plan[k] = plan_hop(needed, aggregation, channel);
  }
  return plan;
}

Csr operator_between(const Csr& a, const HopRows& from, const HopRows& to) {
  constexpr int64_t kRowBlock = 1024;
  Csr part;
  part.cols = from.count();
  part.indptr.reserve(to.owned.size() + 1);
  for (const int64_t i : to.owned) part.indptr.push_back(part.nnz() + a.indptr[i + 1] - a.indptr[i]);
  part.indices.resize(part.nnz());
  if (a.weighted()) part.values.resize(part.nnz());
  parallel_blocks(part.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t slot = part.indptr[i];
      for (int64_t e = a.indptr[to.owned[i]]; e < a.indptr[to.owned[i] + 1]; ++e, ++slot) {
        part.indices[slot] = from.position[a.indices[e]];
        if (a.weighted()) part.values[slot] = a.values[e];
      }
    }
  });
  return part;
}

}  // namespace tersegraph
