#include "train/gather.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr int kCountTag = kFirstFreeTag + 8, kIdsTag = kFirstFreeTag + 9, kRowsTag = kFirstFreeTag + 10;

void place(ConstMatrixView rows, std::span<const int64_t> ids, Matrix& all) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= all.rows()) fail_run("a rank sent the row of node {}, which does not exist", ids[i]);
    std::copy_n(rows.row(static_cast<int64_t>(i)), rows.cols, all.row(ids[i]));
  }
}

template <class T>
void receive_into(Channel& channel, int peer, int tag, std::span<T> room) {
  channel.wait(Traffic::evaluation, channel.receive(peer, tag, std::as_writable_bytes(room)));
}

}  // namespace

Matrix gather_rows(ConstMatrixView rows, const std::vector<int64_t>& ids, int64_t nodes, Channel& channel) {
  if (channel.rank() != 0) {
    const int64_t count = rows.rows;
    const auto send = [&](int tag, std::span<const std::byte> bytes) {
      return channel.send(Traffic::evaluation, 0, tag, bytes);
    };
    const Communicator::Request sends[] = {
        send(kCountTag, std::as_bytes(std::span(&count, 1))), send(kIdsTag, std::as_bytes(std::span(ids))),
        send(kRowsTag, std::as_bytes(std::span(rows.data, static_cast<size_t>(rows.size()))))};
    for (const auto request : sends) channel.wait(Traffic::evaluation, request);
    return {};
  }
  Matrix all(nodes, rows.cols);
  place(rows, ids, all);
  for (int peer = 1; peer < channel.size(); ++peer) {
    int64_t count = 0;
    receive_into(channel, peer, kCountTag, std::span(&count, 1));
    if (count < 0 || count > nodes) fail_run("rank {} announced {} rows of {} nodes", peer, count, nodes);
    std::vector<int64_t> peer_ids(static_cast<size_t>(count));
    Matrix peer_rows(count, rows.cols);
    receive_into(channel, peer, kIdsTag, std::span(peer_ids));
    receive_into(channel, peer, kRowsTag, std::span(peer_rows.data(), static_cast<size_t>(peer_rows.size())));
    place(peer_rows, peer_ids, all);
  }
  return all;
}

int64_t gather_rows_bytes(int64_t rows, int64_t cols, int rank) {
  if (rank == 0) return 0;
  const auto id = static_cast<int64_t>(sizeof(int64_t)), value = static_cast<int64_t>(sizeof(float));
  return id + rows * (id + cols * value) + 3 * kSealBytes;
}

}  // namespace tersegraph
