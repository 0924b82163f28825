#include "comm/channel.h"

#include "base/timer.h"

namespace tersegraph {

namespace {

/// Tells what the rank waits for while it lives.
class WaitScope {
 public:
  WaitScope(Waiting& waiting, Traffic kind, int peer, bool sends) : waiting_(waiting) {
    waiting_.begin(kind, peer, sends);
  }
  ~WaitScope() { waiting_.end(); }

 private:
  Waiting& waiting_;
};

}  // namespace

size_t Channel::wait(Traffic kind, Communicator::Request request) {
  const Timer timer;
  const Direction direction = directions_[request];
  const WaitScope scope(communicator_.waiting(), kind, direction.peer, direction.sends);
  const size_t size = communicator_.wait(request);
  ledger_.waited(kind, timer.seconds());
  return size;
}

std::span<std::byte> Channel::scratch(size_t bytes) {
  scratch_.reserve(bytes);
  return {scratch_.data(), bytes};
}

}  // namespace tersegraph
