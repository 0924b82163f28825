#include "admm/matrix_messages.h"

#include <limits>
#include <span>
#include <vector>

#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr int kShapeTag = kFirstFreeTag, kValuesTag = kFirstFreeTag + 1;

std::span<float> values_of(MatrixView x) {
  return {x.data, static_cast<size_t>(x.size())};
}

void send_to(ConstMatrixView x, std::span<const int> peers, Traffic kind, Channel& channel) {
  const int64_t shape[] = {x.rows, x.cols};
  const std::span values(x.data, static_cast<size_t>(x.size()));
  std::vector<Communicator::Request> requests;
  for (const int peer : peers) {
    requests.push_back(channel.send(kind, peer, kShapeTag, std::as_bytes(std::span(shape))));
    requests.push_back(channel.send(kind, peer, kValuesTag, std::as_bytes(values)));
  }
  for (const auto request : requests) channel.wait(kind, request);
}

}  // namespace

void send_matrix(ConstMatrixView x, int peer, Traffic kind, Channel& channel) {
  send_to(x, {&peer, 1}, kind, channel);
}

Matrix receive_matrix(int peer, Traffic kind, Channel& channel) {
  int64_t shape[2] = {0, 0};
  channel.wait(kind, channel.receive(peer, kShapeTag, std::as_writable_bytes(std::span(shape))));
  const auto [rows, cols] = shape;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / static_cast<int64_t>(sizeof(float));
  if (rows < 0 || cols < 0 || (cols > 0 && rows > kMost / cols)) fail_run("rank {} sent a malformed matrix", peer);
  Matrix x(rows, cols);
  channel.wait(kind, channel.receive(peer, kValuesTag, std::as_writable_bytes(values_of(x.view()))));
  return x;
}

void broadcast(Matrix& matrix, int root, Traffic kind, Channel& channel) {
  if (channel.rank() != root) {
    matrix = receive_matrix(root, kind, channel);
    return;
  }
  std::vector<int> others;
  for (int peer = 0; peer < channel.size(); ++peer) {
    if (peer != root) others.push_back(peer);
  }
  send_to(matrix, others, kind, channel);
}

}  // namespace tersegraph
