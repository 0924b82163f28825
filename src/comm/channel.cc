#include "comm/channel.h"

#include "base/timer.h"

namespace tersegraph {

size_t Channel::wait(Traffic kind, Communicator::Request request) {
  const Timer timer;
  const size_t size = communicator_.wait(request);
  ledger_.waited(kind, timer.seconds());
  return size;
}

std::span<std::byte> Channel::scratch(size_t bytes) {
  scratch_.reserve(bytes);
  return {scratch_.data(), bytes};
}

}  // namespace tersegraph
