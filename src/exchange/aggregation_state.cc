// What exchanges remember from one epoch to the next, for checkpoints.
#include "base/error.h"
#include "comm/collectives.h"
#include "exchange/aggregation.h"

namespace tersegraph {
namespace {

/// Which rows go to whom, and how, follows from how many ranks there are and from which of them are together.
const std::string kHostsPart = "exchange/hosts";

std::vector<std::byte> bytes_of(const Hosts& hosts) {
  std::vector<std::byte> bytes;
  append_values(bytes, hosts.host_of().data(), std::ssize(hosts.host_of()));
  return bytes;
}

std::string part_of(int rank) {
  return fmt::format("exchange/rank{}", rank);
}

}  // namespace

void Aggregation::save(SavedState& state) {
  if (alone() || config_.policy == ExchangePolicy::exact) return;
  settle();
  std::vector<std::vector<std::byte>> to_first(channel_.size());
  append_widths(widths_.state(), to_first[0]);
  stale_.append(to_first[0]);
  auto all = all_to_all(channel_, Traffic::setup, to_first);
  if (channel_.rank() != 0) return;
  state.set_bytes(kHostsPart, bytes_of(widths_.hosts()));
  for (int rank = 0; rank < channel_.size(); ++rank) state.set_bytes(part_of(rank), std::move(all[rank]));
}

void Aggregation::load(const SavedState& state) {
  if (!state.has(kHostsPart)) return;
  ByteReader hosts = state.reader(kHostsPart);
  std::vector<std::byte> saved(hosts.left());
  hosts.read(saved.data(), std::ssize(saved));
  if (saved != bytes_of(widths_.hosts())) return;
  ByteReader reader = state.reader(part_of(channel_.rank()));
  widths_.restore(read_widths(reader));
  stale_.read(reader);
}

}  // namespace tersegraph
