#include "comm/rounded_sum.h"

#include <algorithm>
#include <utility>

#include "comm/start_exchange.h"

namespace tersegraph {
namespace {

// Beside those of the collectives.
constexpr int kPartTag = 16;
constexpr int kSumTag = 17;

/// Its random numbers come from streams of their own, beyond those of the halo exchanges.
constexpr uint64_t kDirections = uint64_t{1} << 48;

}  // namespace

RoundedSum::Slice RoundedSum::slice(size_t values, int rank) const {
  const size_t ranks = channel_.size(), first = values * rank / ranks;
  return {first, values * (rank + 1) / ranks - first};
}

/// Encodes a slice and what was lost of it before; of the sums, the slice becomes what was encoded.
void RoundedSum::encode(std::span<float> values, Slice slice, What what, StreamKey key, std::byte* message) {
  const bool sums = what == What::sums;
  const std::span<float> given = values.subspan(slice.first, slice.count);
  const std::span<float> lost = std::span(lost_).subspan(slice.first + (sums ? values.size() : 0), slice.count);
  for (size_t i = 0; i < given.size(); ++i) lost[i] += given[i];
  codec_.encode(lost, static_cast<int64_t>(slice.first), key, message);
  const std::span<float> coded = sums ? given : std::span(part_).first(slice.count);
  codec_.decode(message, coded);
  for (size_t i = 0; i < given.size(); ++i) lost[i] -= coded[i];
}

/// This rank's slice, over all ranks in their order.
void RoundedSum::sum_parts(std::span<float> values, Slice own) {
  const std::span<float> sum = values.subspan(own.first, own.count);
  const std::span<float> part = std::span(part_).first(own.count), mine = std::span(own_).first(own.count);
  // Nothing, but where other ranks went on from what these lost.
  for (size_t i = 0; i < own.count; ++i) mine[i] = sum[i] + std::exchange(lost_[own.first + i], 0.0f);
  std::fill(sum.begin(), sum.end(), 0.0f);
  for (int rank = 0; rank < channel_.size(); ++rank) {
    if (rank != channel_.rank()) codec_.decode(received_.data() + rank * slot_, part);
    const float* const term = rank == channel_.rank() ? mine.data() : part.data();
    for (size_t i = 0; i < own.count; ++i) sum[i] += term[i];
  }
}

/// Of the parts, each peer gets its slice; of the sums, all get this rank's.
void RoundedSum::exchange(size_t values, What what) {
  const int mine = channel_.rank(), tag = what == What::parts ? kPartTag : kSumTag;
  const auto slot = [&](std::span<std::byte> slots, int of, int place) {
    return slots.subspan(place * slot_, codec_.bytes(slice(values, of).count));
  };
  const auto slice_from = [&](int sender, int receiver) { return what == What::parts ? receiver : sender; };
  wait_all(
      channel_, kind_,
      start_exchange(
          channel_, kind_, tag, [&](int peer) { return slot(sent_, slice_from(mine, peer), slice_from(mine, peer)); },
          [&](int peer) { return slot(received_, slice_from(peer, mine), peer); }));
}

int64_t RoundedSum::bytes(int64_t values, int bits, int rank, int ranks) {
  if (ranks == 1 || values == 0) return 0;
  const SpanCodec codec(bits);
  const auto message_bytes = [&](int64_t r) {
    const size_t slice = codec.bytes(static_cast<size_t>(values * (r + 1) / ranks - values * r / ranks));
    return slice > 0 ? static_cast<int64_t>(slice) + kSealBytes : 0;
  };
  int64_t bytes = (ranks - 1) * message_bytes(rank);
  for (int peer = 0; peer < ranks; ++peer) bytes += peer == rank ? 0 : message_bytes(peer);
  return bytes;
}

void RoundedSum::operator()(std::span<float> values, uint64_t seed, int64_t step) {
  const int ranks = channel_.size(), mine = channel_.rank();
  if (ranks == 1 || values.empty()) return;
  const size_t longest = values.size() / ranks + 1;
  slot_ = (codec_.bytes(longest) + 63) / 64 * 64;
  lost_.resize(2 * values.size(), 0.0f);
  part_.resize(longest);
  own_.resize(longest);
  const std::span<std::byte> scratch = channel_.scratch(2 * ranks * slot_);
  sent_ = scratch.first(ranks * slot_);
  received_ = scratch.subspan(ranks * slot_);
  const auto key = [&](uint64_t of) { return StreamKey(seed, Purpose::rounding, {kDirections + of}, step); };

  for (int peer = 0; peer < ranks; ++peer) {
    if (peer == mine) continue;
    encode(values, slice(values.size(), peer), What::parts, key(1 + mine), sent_.data() + peer * slot_);
  }
  exchange(values.size(), What::parts);
  const Slice own = slice(values.size(), mine);
  sum_parts(values, own);
  encode(values, own, What::sums, key(0), sent_.data() + mine * slot_);
  exchange(values.size(), What::sums);
  for (int peer = 0; peer < ranks; ++peer) {
    const Slice other = slice(values.size(), peer);
    if (peer != mine) codec_.decode(received_.data() + peer * slot_, values.subspan(other.first, other.count));
  }
}

}  // namespace tersegraph
