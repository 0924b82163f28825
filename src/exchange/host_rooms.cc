#include "exchange/host_rooms.h"

#include <algorithm>
#include <span>

#include "comm/collectives.h"

namespace tersegraph {
namespace {

/// Beyond those of halo exchanges, of which a model has some dozens.
constexpr int kBegunTag = kFirstFreeTag + (1 << 12), kLengthTag = kBegunTag + 1;

std::vector<int> others(const Hosts& hosts) {
  std::vector<int> mates = hosts.mates();
  std::erase(mates, hosts.rank());
  return mates;
}

}  // namespace

HostRooms::HostRooms(Channel& channel, const Hosts& hosts)
    : channel_(channel),
      mates_(others(hosts)),
      among_mates_(channel, hosts.mates()),
      memory_(among_mates_),
      lengths_(channel.size()),
      own_lengths_(channel.size()) {}

std::byte* HostRooms::begin(size_t bytes) {
  // Memory that grows is other memory: the halves never move under a mate that still reads.
  std::byte* const memory = memory_.reserve(std::max(2 * bytes, memory_.size()));
  second_ = !second_;
  return memory + (second_ ? memory_.size() / 2 : 0);
}

void HostRooms::say_begun(Traffic kind) {
  begun_.clear();
  for (const int mate : mates_) {
    begun_.push_back(channel_.receive_bare(mate, kBegunTag, {}));
    told_.push_back(channel_.send_bare(kind, mate, kBegunTag, {}));
  }
}

void HostRooms::await_begun(Traffic kind) {
  for (const Communicator::Request request : begun_) channel_.wait(kind, request);
  begun_.clear();
}

void HostRooms::tell_length(Traffic kind, int peer, size_t length) {
  own_lengths_[peer] = length;
  const auto bytes = std::as_bytes(std::span(&own_lengths_[peer], 1));
  for (const int mate : mates_) told_.push_back(channel_.send_bare(kind, mate, kLengthTag + peer, bytes));
}

Communicator::Request HostRooms::expect_length(int reader, int peer) {
  const auto room = std::as_writable_bytes(std::span(&lengths_[peer], 1));
  return channel_.receive_bare(reader, kLengthTag + peer, room);
}

void HostRooms::end(Traffic kind) {
  await_begun(kind);
  for (const Communicator::Request request : told_) channel_.wait(kind, request);
  told_.clear();
}

}  // namespace tersegraph
