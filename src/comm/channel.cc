#include "comm/channel.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/rng.h"
#include "base/timer.h"
#include "comm/message_checksum.h"

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

uint64_t seal_of(int tag, std::span<const std::byte> bytes) {
  return mix64(message_checksum(bytes) + static_cast<uint64_t>(tag));
}

Channel::Channel(Channel& whole, std::vector<int> members)
    : communicator_(whole.communicator_),
      ledger_(whole.ledger_),
      members_(std::move(members)),
      rank_(static_cast<int>(std::ranges::find(members_, whole.rank()) - members_.begin())) {}

/// The seal is made while the message travels.
Communicator::Request Channel::send(Traffic kind, int peer, int tag, std::span<const std::byte> bytes) {
  const Communicator::Request request = send_bare(kind, peer, tag, bytes);
  Message& message = messages_[request];
  message.seal = seal_of(tag, bytes);
  message.sealed_by = send_bare(kind, peer, tag, std::as_bytes(std::span(&message.seal, 1)));
  return request;
}

Communicator::Request Channel::receive(int peer, int tag, std::span<std::byte> room) {
  const Communicator::Request request = receive_bare(peer, tag, room);
  Message& message = messages_[request];
  message.sealed_by = receive_bare(peer, tag, std::as_writable_bytes(std::span(&message.seal, 1)));
  return request;
}

size_t Channel::wait(Traffic kind, Communicator::Request request) {
  const Timer timer;
  const Message& message = messages_[request];
  const WaitScope scope(communicator_.waiting(), kind, message.peer, message.sends);
  const size_t size = communicator_.wait(request);
  if (message.sealed_by != kBare) {
    const bool whole = communicator_.wait(message.sealed_by) == sizeof message.seal;
    if (!message.sends) check(kind, message, size, whole);
  }
  ledger_.waited(kind, timer.seconds());
  return size;
}

/// Other messages may still be on their way to memory that the error frees.
void Channel::check(Traffic kind, const Message& message, size_t size, bool sealed) {
  if (size == message.room.size() && sealed && message.seal == seal_of(message.tag, message.room)) return;
  communicator_.drop_requests();
  if (size != message.room.size()) {
    fail_run("rank {} sent {} bytes in its {} message where {} were expected: the ranks have fallen out of step",
             message.peer, size, traffic_name(kind), message.room.size());
  }
  fail_run("the {} message of rank {} was damaged on its way: its checksum does not fit; check the network",
           traffic_name(kind), message.peer);
}

std::span<std::byte> Channel::scratch(size_t bytes) {
  scratch_.reserve(bytes);
  return {scratch_.data(), bytes};
}

}  // namespace tersegraph
