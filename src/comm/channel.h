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
    return communicator_.send(peer, tag, bytes);
  }
  Communicator::Request receive(int peer, int tag, std::span<std::byte> room) {
    return communicator_.receive(peer, tag, room);
  }
  /// Waits; the seconds go to the ledger under `kind`.
  size_t wait(Traffic kind, Communicator::Request request);

  /// Memory and an empty list that the collectives use again and again; good until the next call of one.
  std::span<std::byte> scratch(size_t bytes);
  std::vector<Communicator::Request>& requests() {
    requests_.clear();
    return requests_;
  }

 private:
  Communicator& communicator_;
  Ledger ledger_;
  Buffer scratch_;
  std::vector<Communicator::Request> requests_;
};

}  // namespace tersegraph
