#pragma once

#include <span>
#include <string>
#include <vector>

#include "comm/communicator.h"

namespace tersegraph::testing {

/// Does what another communicator does, for tests that change a part of it.
class ForwardingCommunicator : public Communicator {
 public:
  explicit ForwardingCommunicator(Communicator& inner) : inner_(inner) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  const std::vector<int>& host_of() const override { return inner_.host_of(); }
  Request send(int peer, int tag, std::span<const std::byte> bytes) override { return inner_.send(peer, tag, bytes); }
  Request receive(int peer, int tag, std::span<std::byte> room) override { return inner_.receive(peer, tag, room); }
  bool test(Request request, size_t* size) override { return inner_.test(request, size); }
  size_t wait(Request request) override { return inner_.wait(request); }
  void progress() override { inner_.progress(); }
  void abort(const std::string& reason, int code) override { inner_.abort(reason, code); }
  void drop_requests() noexcept override { inner_.drop_requests(); }

 private:
  Communicator& inner_;
};

}  // namespace tersegraph::testing
