#pragma once

#include <cstddef>
#include <map>
#include <span>

#include "forwarding_communicator.h"

namespace tersegraph::testing {

enum class Damage { flip, cut };

/// Damages one of the messages that a rank receives, as they are waited for: flips a bit in the middle, or loses the
/// last byte. Empty messages pass.
class DamagingCommunicator : public ForwardingCommunicator {
 public:
  /// `which`: the number of the message, from 0; below 0: none.
  DamagingCommunicator(Communicator& inner, int64_t which, Damage damage)
      : ForwardingCommunicator(inner), left_(which), damage_(damage) {}

  Request send(int peer, int tag, std::span<const std::byte> bytes) override {
    const Request request = ForwardingCommunicator::send(peer, tag, bytes);
    rooms_.erase(request);
    return request;
  }
  Request receive(int peer, int tag, std::span<std::byte> room) override {
    const Request request = ForwardingCommunicator::receive(peer, tag, room);
    rooms_[request] = room;
    return request;
  }
  bool test(Request request, size_t* size) override {
    size_t length = 0;
    if (!ForwardingCommunicator::test(request, &length)) return false;
    length = came(request, length);
    if (size != nullptr) *size = length;
    return true;
  }
  size_t wait(Request request) override { return came(request, ForwardingCommunicator::wait(request)); }

 private:
  size_t came(Request request, size_t length) {
    const auto found = rooms_.find(request);
    if (found == rooms_.end() || length == 0 || left_ < 0 || left_-- > 0) return length;
    if (damage_ == Damage::cut) return length - 1;
    found->second[length / 2] ^= std::byte{16};
    return length;
  }

  int64_t left_;
  Damage damage_;
  std::map<Request, std::span<std::byte>> rooms_;
};

}  // namespace tersegraph::testing
