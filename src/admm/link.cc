#include "admm/link.h"

#include "base/error.h"

namespace tersegraph {

std::span<std::byte> LinkMessage::room(int64_t bytes) {
  packed_.reserve(static_cast<size_t>(bytes));
  packed_bytes_ = bytes;
  return {packed_.data(), static_cast<size_t>(bytes)};
}

void LinkMessage::finish_send(Channel& channel) {
  if (sending_) channel.wait(kind_, request_);
  sending_ = false;
}

void LinkMessage::round(MatrixView x) {
  const std::span<std::byte> packed = room(bytes(x));
  grid_.encode(x, packed);
  if (!grid_.exact()) grid_.decode(packed, x);
}

void LinkMessage::send(Channel& channel, int peer) {
  request_ = channel.send(kind_, peer, tag_, {packed_.data(), static_cast<size_t>(packed_bytes_)});
  sending_ = true;
}

void LinkMessage::start_receive(Channel& channel, int peer, MatrixView x) {
  target_ = x;
  request_ = channel.receive(peer, tag_, room(bytes(x)));
  receiving_ = true;
}

void LinkMessage::finish_receive(Channel& channel) {
  const size_t received = channel.wait(kind_, request_);
  receiving_ = false;
  if (static_cast<int64_t>(received) != packed_bytes_) {
    fail_run("a message of {} has {} bytes instead of {}: the ranks' settings differ", traffic_name(kind_), received,
             packed_bytes_);
  }
  grid_.decode({packed_.data(), received}, target_);
}

}  // namespace tersegraph
