#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "comm/channel.h"
#include "comm/shared_memory.h"
#include "exchange/hosts.h"

namespace tersegraph {

/// The memory in which the ranks of a host share what they receive, and give each other what goes out, and the words
/// by which they agree on it. One exchange uses one half, the next the other. A rank says to its mates that it has
/// begun an exchange, so it is done with those before; none ends an exchange before all have begun it. So no half is
/// written anew while a mate reads it.
class HostRooms {
 public:
  HostRooms(Channel& channel, const Hosts& hosts);

  /// An exchange begins: memory for it. Collective among the mates, with the same number.
  std::byte* begin(size_t bytes);
  /// What this rank gives stands there.
  void say_begun(Traffic kind);
  /// All mates have begun, so what they give stands there too.
  void await_begun(Traffic kind);

  /// For the reader of a peer's message: tells its mates that it has come, in so many bytes.
  static constexpr int64_t kWordBytes = sizeof(uint64_t);
  void tell_length(Traffic kind, int peer, size_t length);
  /// For the others: the request that is done when it has; then length_of(peer) is known.
  Communicator::Request expect_length(int reader, int peer);
  size_t length_of(int peer) const { return lengths_[peer]; }

  /// Waits for all mates, and for what this rank told them.
  void end(Traffic kind);
  /// Between two exchanges: gives the memory back. All mates do.
  void release() { memory_.release(); }

 private:
  Channel& channel_;
  const std::vector<int> mates_;  ///< without this rank
  Channel among_mates_;
  SharedMemory memory_;
  bool second_ = false;
  std::vector<Communicator::Request> begun_, told_;
  std::vector<uint64_t> lengths_, own_lengths_;  ///< by peer
};

}  // namespace tersegraph
