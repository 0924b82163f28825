#include "admm/link.h"

#include <algorithm>

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

void LinkMessage::start_from(ConstMatrixView x) {
  if (!grid_.of_changes()) return;
  known_.reshape(x.rows, x.cols);
  std::copy_n(x.data, x.size(), known_.data());
}

void LinkMessage::add_change(std::span<const std::byte> packed, MatrixView x) {
  change_.reshape(x.rows, x.cols);
  grid_.decode(packed, change_);
  const float* const change = change_.data();
  for (int64_t i = 0; i < x.size(); ++i) x.data[i] += change[i];
}

void LinkMessage::round(MatrixView x) {
  const std::span<std::byte> packed = room(bytes(x));
  if (grid_.of_changes()) {
    change_.reshape(x.rows, x.cols);
    const float* const known = known_.data();
    for (int64_t i = 0; i < x.size(); ++i) change_.data()[i] = x.data[i] - known[i];
    grid_.encode(change_, packed);
    add_change(packed, known_);
    std::copy_n(known, x.size(), x.data);
    return;
  }
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
  const std::span<const std::byte> packed{packed_.data(), channel.wait(kind_, request_)};
  receiving_ = false;
  if (grid_.of_changes()) return add_change(packed, target_);
  grid_.decode(packed, target_);
}

}  // namespace tersegraph
