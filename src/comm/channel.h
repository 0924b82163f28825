#pragma once

#include <deque>
#include <vector>

#include "base/buffer.h"
#include "comm/communicator.h"
#include "comm/ledger.h"

namespace tersegraph {

/// What follows a message: a checksum of its bytes, its length and its tag. Both ends compute it.
uint64_t seal_of(int tag, std::span<const std::byte> bytes);
constexpr int64_t kSealBytes = sizeof(uint64_t);

/// A rank's way to the others: the communicator, with every byte entered in the ledger. All modules above comm/ send
/// through it. A message is followed by its seal; one that carries a checksum of its own, or nothing, is sent
/// bare. Both ends must do the same.
class Channel {
 public:
  explicit Channel(Communicator& communicator) : communicator_(communicator), ledger_(communicator.size()) {}
  /// Nothing may arrive in memory that is gone.
  ~Channel() { communicator_.drop_requests(); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int rank() const { return communicator_.rank(); }
  int size() const { return communicator_.size(); }
  Communicator& communicator() { return communicator_; }
  Ledger& ledger() { return ledger_; }

  Communicator::Request send(Traffic kind, int peer, int tag, std::span<const std::byte> bytes);
  /// Receives a message of just as many bytes as there is room for.
  Communicator::Request receive(int peer, int tag, std::span<std::byte> room);
  Communicator::Request send_bare(Traffic kind, int peer, int tag, std::span<const std::byte> bytes) {
    ledger_.sent(kind, peer, static_cast<int64_t>(bytes.size()));
    return remember(communicator_.send(peer, tag, bytes), {.peer = peer, .tag = tag, .sends = true});
  }
  Communicator::Request receive_bare(int peer, int tag, std::span<std::byte> room) {
    return remember(communicator_.receive(peer, tag, room), {.peer = peer, .tag = tag, .room = room});
  }
  /// Waits; the seconds go to the ledger under `kind`, and whoever looks for lost ranks sees what for. Returns the
  /// bytes received (or sent). Error: RunError naming the peer when the message has another length than was expected,
  /// or its seal does not fit.
  size_t wait(Traffic kind, Communicator::Request request);

  /// Memory and an empty list that the collectives use again and again; good until the next call of one.
  std::span<std::byte> scratch(size_t bytes);
  std::vector<Communicator::Request>& requests() {
    requests_.clear();
    return requests_;
  }

 private:
  /// A message under way.
  struct Message {
    int peer = 0, tag = 0;
    bool sends = false;
    std::span<std::byte> room = {};  ///< of one that comes
    Communicator::Request sealed_by = kBare;
    uint64_t seal = 0;
  };
  static constexpr Communicator::Request kBare = -1;

  Communicator::Request remember(Communicator::Request request, const Message& message) {
    if (request >= std::ssize(messages_)) messages_.resize(request + 1);
    messages_[request] = message;
    return request;
  }
  void check(Traffic kind, const Message& message, size_t size, bool sealed);

  Communicator& communicator_;
  Ledger ledger_;
  std::deque<Message> messages_;  // by request; their numbers are small, for they are used again. Their places stay
  Buffer scratch_;
  std::vector<Communicator::Request> requests_;
};

}  // namespace tersegraph
