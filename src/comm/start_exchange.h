#pragma once

#include <span>
#include <vector>

#include "comm/channel.h"

namespace tersegraph {

/// Begins an exchange with all peers: outgoing(q) goes to rank q, and room(q) is for what comes from it. What is empty
/// does not travel, so that both sides have to know the lengths. Sends begin first, to the next rank first; see
/// Channel.
template <class Outgoing, class Room>
std::vector<Communicator::Request>& start_exchange(Channel& channel, Traffic kind, int tag, Outgoing outgoing,
                                                   Room room) {
  auto& requests = channel.requests();
  for (int k = 1; k < channel.size(); ++k) {
    const int peer = channel.rank_after(k);
    const std::span<const std::byte> message = outgoing(peer);
    if (!message.empty()) requests.push_back(channel.send(kind, peer, tag, message));
  }
  for (int k = 1; k < channel.size(); ++k) {
    const int peer = channel.rank_after(k);
    const std::span<std::byte> message = room(peer);
    if (!message.empty()) requests.push_back(channel.receive(peer, tag, message));
  }
  return requests;
}

inline void wait_all(Channel& channel, Traffic kind, const std::vector<Communicator::Request>& requests) {
  for (const Communicator::Request request : requests) channel.wait(kind, request);
}

}  // namespace tersegraph
