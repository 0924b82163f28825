// What exchanges remember from one epoch to the next, for checkpoints.
#include "base/error.h"
#include "comm/collectives.h"
#include "exchange/aggregation.h"

namespace tersegraph {
namespace {

const std::string kRanksPart = "exchange/ranks";

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
  state.set(kRanksPart, int64_t{channel_.size()});
  for (int rank = 0; rank < channel_.size(); ++rank) state.set_bytes(part_of(rank), std::move(all[rank]));
}

void Aggregation::load(const SavedState& state) {
  if (!state.has(kRanksPart) || state.get<int64_t>(kRanksPart) != channel_.size()) return;
  ByteReader reader = state.reader(part_of(channel_.rank()));
  widths_.restore(read_widths(reader));
  stale_.read(reader);
}

}  // namespace tersegraph
