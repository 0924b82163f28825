#pragma once

#include <vector>

#include "base/buffer.h"
#include "comm/communicator.h"
#include "comm/ledger.h"

namespace tersegraph {

/// A rank's way to the others: the communicator, with every byte entered in the ledger. All modules above comm/ send
/// through it.
class Channel {
 public:
  explicit Channel(Communicator& communicator) : communicator_(communicator), ledger_(communicator.size()) {}

  int rank() const { return communicator_.rank(); }
  int size() const { return communicator_.size(); }
  Communicator& communicator() { return communicator_; }
  Ledger& ledger() { return ledger_; }

  Communicator::Request send(Traffic kind, int peer, int tag, std::span<const std::byte> bytes) {
    ledger_.sent(kind, peer, static_cast<int64_t>(bytes.size()));
    return remember(communicator_.send(peer, tag, bytes), {peer, true});
  }
  Communicator::Request receive(int peer, int tag, std::span<std::byte> room) {
    return remember(communicator_.receive(peer, tag, room), {peer, false});
  }
  /// Waits; the seconds go to the ledger under `kind`, and whoever looks for lost ranks sees what for.
  size_t wait(Traffic kind, Communicator::Request request);

  /// Memory and an empty list that the collectives use again and again; good until the next call of one.
  std::span<std::byte> scratch(size_t bytes);
  std::vector<Communicator::Request>& requests() {
    requests_.clear();
    return requests_;
  }

 private:
  struct Direction {
    int peer = 0;
    bool sends = false;
  };
  Communicator::Request remember(Communicator::Request request, Direction direction) {
    if (request >= std::ssize(directions_)) directions_.resize(request + 1);
    directions_[request] = direction;
    return request;
  }

  Communicator& communicator_;
  Ledger ledger_;
  std::vector<Direction> directions_;  // by request; their numbers are small, for they are used again
  Buffer scratch_;
  std::vector<Communicator::Request> requests_;
};

}  // namespace tersegraph
