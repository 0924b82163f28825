#include "train/gather.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr int kCountTag = kFirstFreeTag + 8, kIdsTag = kFirstFreeTag + 9, kRowsTag = kFirstFreeTag + 10;

/// Rows of `cols` values.
template <class T>
void place(std::span<const T> rows, int64_t cols, std::span<const int64_t> ids, int64_t nodes, T* all) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= nodes) fail_run("a rank sent the row of node {}, which does not exist", ids[i]);
    std::copy_n(rows.data() + static_cast<int64_t>(i) * cols, cols, all + ids[i] * cols);
  }
}

template <class T>
void receive_into(Channel& channel, int peer, int tag, std::span<T> room) {
  channel.wait(Traffic::evaluation, channel.receive(peer, tag, std::as_writable_bytes(room)));
}

template <class T>
void send_rows(std::span<const T> rows, std::span<const int64_t> ids, Channel& channel) {
  const int64_t count = std::ssize(ids);
  const auto send = [&](int tag, std::span<const std::byte> bytes) {
    return channel.send(Traffic::evaluation, 0, tag, bytes);
  };
  const Communicator::Request sends[] = {send(kCountTag, std::as_bytes(std::span(&count, 1))),
                                         send(kIdsTag, std::as_bytes(ids)), send(kRowsTag, std::as_bytes(rows))};
  for (const auto request : sends) channel.wait(Traffic::evaluation, request);
}

/// On rank 0: those of all ranks, into `all` (nodes, cols).
template <class T>
void receive_rows(std::span<const T> own, int64_t cols, std::span<const int64_t> ids, int64_t nodes, Channel& channel,
                  T* all) {
  place(own, cols, ids, nodes, all);
  for (int peer = 1; peer < channel.size(); ++peer) {
    int64_t count = 0;
    receive_into(channel, peer, kCountTag, std::span(&count, 1));
    if (count < 0 || count > nodes) fail_run("rank {} announced {} rows of {} nodes", peer, count, nodes);
    std::vector<int64_t> peer_ids(static_cast<size_t>(count));
    std::vector<T> peer_rows(static_cast<size_t>(count * cols));
    receive_into(channel, peer, kIdsTag, std::span(peer_ids));
    receive_into(channel, peer, kRowsTag, std::span(peer_rows));
    place(std::span<const T>(peer_rows), cols, peer_ids, nodes, all);
  }
}

}  // namespace

Matrix gather_rows(ConstMatrixView rows, const std::vector<int64_t>& ids, int64_t nodes, Channel& channel) {
  const std::span<const float> own(rows.data, static_cast<size_t>(rows.size()));
  if (channel.rank() != 0) {
    send_rows(own, ids, channel);
    return {};
  }
  Matrix all(nodes, rows.cols);
  receive_rows(own, rows.cols, ids, nodes, channel, all.data());
  return all;
}

std::vector<int32_t> gather_classes(std::span<const int32_t> classes, const std::vector<int64_t>& ids, int64_t nodes,
                                    Channel& channel) {
  if (channel.rank() != 0) {
    send_rows(classes, ids, channel);
    return {};
  }
  std::vector<int32_t> all(static_cast<size_t>(nodes));
  receive_rows(classes, 1, ids, nodes, channel, all.data());
  return all;
}

int64_t gather_rows_bytes(int64_t rows, int64_t cols, int rank) {
  if (rank == 0) return 0;
  const auto id = static_cast<int64_t>(sizeof(int64_t)), value = static_cast<int64_t>(sizeof(float));
  return id + rows * (id + cols * value) + 3 * kSealBytes;
}

}  // namespace tersegraph
