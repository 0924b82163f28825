#include "comm/collectives.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "base/error.h"
#include "comm/start_exchange.h"

namespace tersegraph {
namespace {

constexpr int kReduceTag = 0;
constexpr int kSpreadTag = 1;
constexpr int kGatherTag = 2;
constexpr int kLengthTag = 3;
constexpr int kBytesTag = 4;
constexpr int kBarrierTag = 5;

/// The equally long bytes of every rank, in rank order, in the channel's scratch memory.
std::span<std::byte> gather_equal(Channel& channel, Traffic kind, std::span<const std::byte> own) {
  const size_t length = own.size();
  const std::span<std::byte> all = channel.scratch(length * channel.size());
  const auto& requests = start_exchange(
      channel, kind, kGatherTag, [&](int) { return own; },
      [&](int peer) { return all.subspan(peer * length, length); });
  if (length > 0) std::memcpy(all.data() + channel.rank() * length, own.data(), length);
  wait_all(channel, kind, requests);
  return all;
}

struct Sum {
  template <class T>
  T operator()(T a, T b) const {
    return a + b;
  }
};

/// Of NaN and a number it is NaN.
struct Max {
  float operator()(float a, float b) const { return a > b || a != a ? a : b; }
};

template <class Combine, class T>
void combine(T* __restrict values, const T* __restrict part, size_t count) {
  for (size_t i = 0; i < count; ++i) values[i] = Combine()(values[i], part[i]);
}

template <class Combine, class T>
void all_reduce_small(Channel& channel, Traffic kind, std::span<T> values) {
  const auto parts = reinterpret_cast<const T*>(gather_equal(channel, kind, std::as_bytes(values)).data());
  std::copy_n(parts, values.size(), values.data());
  for (int rank = 1; rank < channel.size(); ++rank) {
    combine<Combine>(values.data(), parts + rank * values.size(), values.size());
  }
}

/// Rank r's share of the elements.
template <class T>
std::span<T> slice_of(std::span<T> values, int rank, int ranks) {
  const size_t begin = values.size() * rank / ranks;
  return values.subspan(begin, values.size() * (rank + 1) / ranks - begin);
}

/// Combines this rank's slice over all ranks, in rank order.
template <class Combine, class T>
void reduce_slice(Channel& channel, Traffic kind, std::span<T> values) {
  const int ranks = channel.size();
  const std::span<T> own = slice_of(values, channel.rank(), ranks);
  const std::span<std::byte> scratch = channel.scratch(own.size_bytes() * ranks);
  T* const parts = reinterpret_cast<T*>(scratch.data());
  const auto& requests = start_exchange(
      channel, kind, kReduceTag, [&](int peer) { return std::as_bytes(slice_of(values, peer, ranks)); },
      [&](int peer) { return scratch.subspan(peer * own.size_bytes(), own.size_bytes()); });
  std::copy(own.begin(), own.end(), parts + channel.rank() * own.size());
  wait_all(channel, kind, requests);
  for (int rank = 1; rank < ranks; ++rank) combine<Combine>(parts, parts + rank * own.size(), own.size());
  std::copy_n(parts, own.size(), own.data());
}

template <class T>
void spread_slices(Channel& channel, Traffic kind, std::span<T> values) {
  const int ranks = channel.size();
  const std::span<T> own = slice_of(values, channel.rank(), ranks);
  wait_all(channel, kind,
           start_exchange(
               channel, kind, kSpreadTag, [&](int) { return std::as_bytes(own); },
               [&](int peer) { return std::as_writable_bytes(slice_of(values, peer, ranks)); }));
}

template <class Combine, class T>
void all_reduce(Channel& channel, Traffic kind, std::span<T> values) {
  if (channel.size() == 1 || values.empty()) return;
  if (values.size_bytes() <= kSmallReduce) {
    all_reduce_small<Combine>(channel, kind, values);
  } else {
    reduce_slice<Combine>(channel, kind, values);
    spread_slices(channel, kind, values);
  }
}

using Bytes = std::vector<std::byte>;

/// For what a peer has announced.
void make_room(Bytes& bytes, uint64_t length, int peer) {
  try {
    bytes.resize(length);
  } catch (const std::exception&) {
    fail_run("rank {} announced {} bytes, for which there is no memory", peer, length);
  }
}

/// outgoing(q) is what rank q gets. First the lengths, then what is not empty.
template <class Outgoing>
std::vector<Bytes> exchange_unequal(Channel& channel, Traffic kind, Outgoing outgoing) {
  const int ranks = channel.size();
  std::vector<uint64_t> lengths(ranks), own_lengths(ranks);
  for (int peer = 0; peer < ranks; ++peer) own_lengths[peer] = outgoing(peer).size();
  wait_all(channel, kind,
           start_exchange(
               channel, kind, kLengthTag, [&](int peer) { return std::as_bytes(std::span(&own_lengths[peer], 1)); },
               [&](int peer) { return std::as_writable_bytes(std::span(&lengths[peer], 1)); }));

  std::vector<Bytes> incoming(ranks);
  for (int peer = 0; peer < ranks; ++peer) make_room(incoming[peer], lengths[peer], peer);
  const std::span<const std::byte> own = outgoing(channel.rank());
  incoming[channel.rank()].assign(own.begin(), own.end());
  wait_all(channel, kind,
           start_exchange(channel, kind, kBytesTag, outgoing, [&](int peer) { return std::span(incoming[peer]); }));
  return incoming;
}

struct AgreedInputError final : InputError, Agreed {
  using InputError::InputError;
};
struct AgreedRunError final : RunError, Agreed {
  using RunError::RunError;
};

/// How a step ended: nothing when it did well, otherwise which error in the first byte, then its text.
std::string outcome_of(const std::function<void()>& step, int rank) {
  try {
    step();
    return {};
  } catch (const InputError& error) {
    return std::string("I") + error.what();
  } catch (const std::bad_alloc&) {
    return fmt::format("Rrank {} ran out of memory", rank);
  } catch (const std::exception& error) {
    return std::string("R") + error.what();
  }
}

}  // namespace

int64_t all_reduce_bytes(int64_t count, int64_t size, int rank, int ranks) {
  if (ranks == 1 || count == 0) return 0;
  const int64_t peers = ranks - 1;
  if (static_cast<size_t>(count * size) <= kSmallReduce) return peers * (count * size + kSealBytes);
  const int64_t own = count * (rank + 1) / ranks - count * rank / ranks;
  const int64_t messages = std::min(peers, count - own) + (own > 0 ? peers : 0);
  return size * (count - own + peers * own) + messages * kSealBytes;
}

int64_t all_gather_bytes(int64_t bytes, int ranks) {
  const int64_t lengths = static_cast<int64_t>(sizeof(uint64_t)) + kSealBytes;
  return (ranks - 1) * (lengths + (bytes > 0 ? bytes + kSealBytes : 0));
}

void all_reduce_sum(Channel& channel, Traffic kind, std::span<float> values) {
  all_reduce<Sum>(channel, kind, values);
}
void all_reduce_sum(Channel& channel, Traffic kind, std::span<double> values) {
  all_reduce<Sum>(channel, kind, values);
}
void all_reduce_sum(Channel& channel, Traffic kind, std::span<int64_t> values) {
  all_reduce<Sum>(channel, kind, values);
}

void all_reduce_max(Channel& channel, Traffic kind, std::span<float> values) {
  all_reduce<Max>(channel, kind, values);
}

double all_reduce_max(Channel& channel, Traffic kind, double value) {
  const std::span<const std::byte> all = gather_equal(channel, kind, std::as_bytes(std::span(&value, 1)));
  const std::span values(reinterpret_cast<const double*>(all.data()), channel.size());
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return *std::max_element(values.begin(), values.end());
}

std::vector<Bytes> all_gather(Channel& channel, Traffic kind, std::span<const std::byte> bytes) {
  return exchange_unequal(channel, kind, [bytes](int) { return bytes; });
}

std::vector<Bytes> all_to_all(Channel& channel, Traffic kind, const std::vector<Bytes>& outgoing) {
  return exchange_unequal(channel, kind, [&outgoing](int peer) { return std::span<const std::byte>(outgoing[peer]); });
}

/// Dissemination: after step k each rank knows that 2^(k+1) ranks, itself included, have come.
void barrier(Channel& channel) {
  const int ranks = channel.size();
  for (int distance = 1; distance < ranks; distance *= 2) {
    auto& requests = channel.requests();
    requests.push_back(channel.receive_bare((channel.rank() + ranks - distance) % ranks, kBarrierTag, {}));
    requests.push_back(channel.send_bare(Traffic::setup, (channel.rank() + distance) % ranks, kBarrierTag, {}));
    wait_all(channel, Traffic::setup, requests);
  }
}

void agree(Channel& channel, const std::function<void()>& step) {
  const std::string own = outcome_of(step, channel.rank());
  for (const Bytes& bytes : all_gather(channel, Traffic::setup, std::as_bytes(std::span(own)))) {
    if (bytes.empty()) continue;
    const std::string text(reinterpret_cast<const char*>(bytes.data()) + 1, bytes.size() - 1);
    if (bytes[0] == std::byte{'I'}) throw AgreedInputError(text);
    throw AgreedRunError(text);
  }
}

}  // namespace tersegraph
