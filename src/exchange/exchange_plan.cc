#include "exchange/exchange_plan.h"

#include <cstring>
#include <numeric>
#include <span>

#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

std::vector<std::byte> to_bytes(std::span<const int64_t> ids) {
  std::vector<std::byte> bytes(ids.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), ids.data(), bytes.size());
  return bytes;
}

std::vector<int64_t> to_ids(const std::vector<std::byte>& bytes, int peer) {
  if (bytes.size() % sizeof(int64_t) != 0) fail_run("rank {} sent a malformed list of rows", peer);
  std::vector<int64_t> ids(bytes.size() / sizeof(int64_t));
  if (!bytes.empty()) std::memcpy(ids.data(), bytes.data(), bytes.size());
  return ids;
}

}  // namespace

ExchangePlan plan_forward(const Shard& shard, Channel& channel) {
  std::vector<std::vector<std::byte>> needed(shard.ranks);
  for (int q = 0; q < shard.ranks; ++q) {
    const auto first = shard.halo_offsets[q], last = shard.halo_offsets[q + 1];
    needed[q] = to_bytes(std::span(shard.halo).subspan(first, last - first));
  }
  const auto asked = all_to_all(channel, Traffic::setup, needed);

  ExchangePlan plan;
  plan.send_offsets.push_back(0);
  for (int q = 0; q < shard.ranks; ++q) {
    const std::vector<int64_t> ids = to_ids(asked[q], q);
    plan.send_ids.insert(plan.send_ids.end(), ids.begin(), ids.end());
    plan.send_offsets.push_back(static_cast<int64_t>(plan.send_ids.size()));
  }
  plan.gather.cols = shard.owned_count();
  plan.gather.indices = local_rows(shard, plan.send_ids);
  plan.gather.indptr.resize(plan.send_ids.size() + 1);
  std::iota(plan.gather.indptr.begin(), plan.gather.indptr.end(), int64_t{0});
  plan.scatter = shard.remote;
  plan.receive_offsets = shard.halo_offsets;
  return plan;
}

ExchangePlan plan_backward(const Shard& shard, const ExchangePlan& forward) {
  ExchangePlan plan;
  plan.gather = transpose(forward.scatter);
  plan.send_offsets = forward.receive_offsets;
  plan.send_ids = shard.halo;
  plan.scatter = transpose(forward.gather);
  plan.receive_offsets = forward.send_offsets;
  return plan;
}

}  // namespace tersegraph
