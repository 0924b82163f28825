#pragma once

#include <vector>

#include "admm/grid.h"
#include "base/matrix.h"
#include "comm/channel.h"

namespace tersegraph {

/// One matrix that travels over a link again and again, in one direction: p down or q up.
class LinkMessage {
 public:
  LinkMessage(Traffic kind, int tag, Grid grid) : kind_(kind), tag_(tag), grid_(std::move(grid)) {}

  const Grid& grid() const { return grid_; }
  int64_t bytes(ConstMatrixView x) const { return grid_.encoded_bytes(x.rows, x.cols); }

  /// Waits until the last message has left, so that round() may write the next one.
  void finish_send(Channel& channel);
  /// Where messages hold changes: both ends know x, as the sender's last one.
  void start_from(ConstMatrixView x);
  /// x <- what the other end will decode. Leaves the packed bytes ready to be sent. (fp32: x stays as it is.) Any
  /// thread.
  void round(MatrixView x);

  /// Sends what round() packed.
  void send(Channel& channel, int peer);
  /// Where messages hold changes, x has what the last one made of it.
  void start_receive(Channel& channel, int peer, MatrixView x);
  /// Waits, and decodes into the matrix of start_receive.
  void finish_receive(Channel& channel);
  bool receiving() const { return receiving_; }

 private:
  std::span<std::byte> room(int64_t bytes);
  void add_change(std::span<const std::byte> packed, MatrixView x);

  Traffic kind_;
  int tag_;
  Grid grid_;
  Matrix known_, change_;  ///< of messages that hold changes: what the other end has; what comes on top of it
  Buffer packed_;
  int64_t packed_bytes_ = 0;
  MatrixView target_;
  Communicator::Request request_ = 0;
  bool sending_ = false, receiving_ = false;
};

}  // namespace tersegraph
