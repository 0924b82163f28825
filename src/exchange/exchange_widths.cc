#include "exchange/exchange_widths.h"

#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

void pack_half_bytes(std::span<const uint8_t> widths, std::vector<std::byte>& bytes) {
  for (size_t k = 0; k < widths.size(); k += 2) {
    const int high = k + 1 < widths.size() ? widths[k + 1] : 0;
    bytes.push_back(static_cast<std::byte>(widths[k] | high << 4));
  }
}

/// Returns how many bytes were taken.
size_t unpack_half_bytes(std::span<const std::byte> bytes, std::span<uint8_t> widths, int peer) {
  const size_t count = (widths.size() + 1) / 2;
  if (count > bytes.size()) fail_run("rank {} told too few bit-widths", peer);
  for (size_t k = 0; k < widths.size(); ++k) {
    widths[k] = static_cast<uint8_t>(bytes[k / 2]) >> (k % 2 * 4) & 0xF;
    if (widths[k] > 8) fail_run("rank {} told a bit-width of {}", peer, widths[k]);
  }
  return count;
}

template <class Rows>
auto rows_of(const std::vector<int64_t>& offsets, size_t peer, Rows& rows) {
  const auto first = static_cast<size_t>(offsets[peer]), last = static_cast<size_t>(offsets[peer + 1]);
  return std::span(rows).subspan(first, last - first);
}

}  // namespace

void ExchangeWidths::lay_out(const ExchangePlan& plan, int64_t cols) {
  sent_.clear();
  expected_.clear();
  for (size_t q = 0; q + 1 < plan.send_offsets.size(); ++q) {
    sent_.emplace_back(rows_of(plan.send_offsets, q, send), cols, plan.last_cols_sent(q, cols));
    expected_.emplace_back(rows_of(plan.receive_offsets, q, receive), cols, plan.last_cols_received(q, cols));
  }
}

void tell_widths(Channel& channel, const Hosts& hosts, std::span<const ExchangePlan* const> plans,
                 std::span<ExchangeWidths* const> widths) {
  const int ranks = channel.size();
  std::vector<std::vector<std::byte>> outgoing(ranks);
  for (int q = 0; q < ranks; ++q) {
    for (size_t t = 0; !hosts.here(q) && t < plans.size(); ++t) {
      pack_half_bytes(rows_of(plans[t]->send_offsets, q, widths[t]->send), outgoing[q]);
    }
  }
  const auto incoming = all_to_all(channel, Traffic::setup, outgoing);
  for (int q = 0; q < ranks; ++q) {
    std::span<const std::byte> rest = incoming[q];
    for (size_t t = 0; !hosts.here(q) && t < plans.size(); ++t) {
      if (!plans[t]->shared.reads(q)) continue;
      const auto rows = rows_of(plans[t]->receive_offsets, q, widths[t]->receive);
      rest = rest.subspan(unpack_half_bytes(rest, rows, q));
    }
    if (!rest.empty()) fail_run("rank {} told too many bit-widths", q);
  }
  for (size_t t = 0; t < plans.size(); ++t) {
    copy_from_readers(plans[t]->shared, plans[t]->receive_offsets, hosts, channel, widths[t]->receive);
  }
}

}  // namespace tersegraph
