#pragma once

#include <deque>
#include <optional>
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
///
/// Ranks that exchange long messages start to send before they start to receive. MPI announces a long message, and
/// sends it when the receiver has answered; an answer that is queued behind what the receiver itself sends leaves the
/// other direction idle. Four hosts that all send to each other over TCP get 0.59 to 0.70 of their links when receives
/// are first, 0.74 to 0.89 when sends are (1 and 3 MB to each, 100 Mbit/s and 1 Gbit/s).
class Channel {
 public:
  explicit Channel(Communicator& communicator)
      : communicator_(communicator),
        own_ledger_(communicator.size()),
        ledger_(*own_ledger_),
        rank_(communicator.rank()) {}
  /// A way to some of `whole`'s ranks alone, for collectives among them: members[i], ascending and this one among them,
  /// is rank i here. Bytes are entered in the ledger of `whole`, which must outlive this, and is one of all ranks.
  /// Both must not have messages of one peer and tag under way together.
  Channel(Channel& whole, std::vector<int> members);
  /// Nothing may arrive in memory that is gone.
  ~Channel() { communicator_.drop_requests(); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int rank() const { return rank_; }
  int size() const { return members_.empty() ? communicator_.size() : static_cast<int>(members_.size()); }
  /// The distance-th of the others. Ranks that send to the others in this order do not all send to one at a time.
  int rank_after(int distance) const { return (rank() + distance) % size(); }
  /// Of all ranks, whichever of them are reached here.
  Communicator& communicator() { return communicator_; }
  Ledger& ledger() { return ledger_; }

  Communicator::Request send(Traffic kind, int peer, int tag, std::span<const std::byte> bytes);
  /// Receives a message of just as many bytes as there is room for.
  Communicator::Request receive(int peer, int tag, std::span<std::byte> room);
  Communicator::Request send_bare(Traffic kind, int peer, int tag, std::span<const std::byte> bytes) {
    const int to = place_of(peer);
    ledger_.sent(kind, to, static_cast<int64_t>(bytes.size()));
    return remember(communicator_.send(to, tag, bytes), {.peer = to, .tag = tag, .sends = true});
  }
  Communicator::Request receive_bare(int peer, int tag, std::span<std::byte> room) {
    const int from = place_of(peer);
    return remember(communicator_.receive(from, tag, room), {.peer = from, .tag = tag, .room = room});
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
    int peer = 0, tag = 0;  ///< the peer's number among all ranks
    bool sends = false;
    std::span<std::byte> room = {};  ///< of one that comes
    Communicator::Request sealed_by = kBare;
    uint64_t seal = 0;
  };
  static constexpr Communicator::Request kBare = -1;

  int place_of(int peer) const { return members_.empty() ? peer : members_[peer]; }
  Communicator::Request remember(Communicator::Request request, const Message& message) {
    if (request >= std::ssize(messages_)) messages_.resize(request + 1);
    messages_[request] = message;
    return request;
  }
  void check(Traffic kind, const Message& message, size_t size, bool sealed);

  Communicator& communicator_;
  std::optional<Ledger> own_ledger_;
  Ledger& ledger_;
  std::vector<int> members_;  ///< empty: all ranks
  int rank_;
  std::deque<Message> messages_;  // by request; their numbers are small, for they are used again. Their places stay
  Buffer scratch_;
  std::vector<Communicator::Request> requests_;
};

}  // namespace tersegraph
