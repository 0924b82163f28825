#include "admm/placement.h"

#include <unordered_map>

#include "base/byte_stream.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

struct Entry {
  int32_t column;
  float value;
};

/// Row by row: global id, number of entries (-1: the whole row follows, dense), entries.
std::vector<std::byte> pack(const AugmentedRows& rows, const std::vector<int64_t>& ids) {
  std::vector<std::byte> bytes;
  for (int64_t i = 0; i < rows.rows(); ++i) {
    append_values(bytes, &ids[i], 1);
    const int64_t entries = rows.is_sparse ? rows.sparse.indptr[i + 1] - rows.sparse.indptr[i] : -1;
    append_values(bytes, &entries, 1);
    if (!rows.is_sparse) append_values(bytes, rows.dense.row(i), rows.dense.cols());
    for (int64_t e = 0; e < entries; ++e) {
      const int64_t at = rows.sparse.indptr[i] + e;
      const Entry entry{rows.sparse.indices[at], rows.sparse.view().value(at)};
      append_values(bytes, &entry, 1);
    }
  }
  return bytes;
}

void place(const std::vector<std::byte>& bytes, int peer, const std::unordered_map<int64_t, int64_t>& row_of,
           Matrix& all) {
  ByteReader rows(bytes, fmt::format("rank {} sent malformed training rows", peer));
  while (!rows.done()) {
    const auto found = row_of.find(rows.read<int64_t>());
    const auto entries = rows.read<int64_t>();
    if (found == row_of.end() || entries > all.cols()) rows.fail();
    float* row = all.row(found->second);
    if (entries < 0) rows.read(row, all.cols());
    for (int64_t e = 0; e < entries; ++e) {
      const auto entry = rows.read<Entry>();
      if (entry.column < 0 || entry.column >= all.cols()) rows.fail();
      row[entry.column] = entry.value;
    }
  }
}

}  // namespace

Matrix gather_training_rows(const AugmentedRows& rows, const std::vector<int64_t>& ids,
                            const std::vector<int64_t>& training, int64_t cols, Channel& channel) {
  std::vector<std::vector<std::byte>> outgoing(channel.size());
  outgoing[0] = pack(rows, ids);
  const auto incoming = all_to_all(channel, Traffic::placement, outgoing);
  if (channel.rank() != 0) return {};
  std::unordered_map<int64_t, int64_t> row_of;
  for (size_t i = 0; i < training.size(); ++i) row_of[training[i]] = static_cast<int64_t>(i);
  Matrix all(static_cast<int64_t>(training.size()), cols);
  all.fill(0.0f);
  for (int peer = 0; peer < channel.size(); ++peer) place(incoming[peer], peer, row_of, all);
  return all;
}

void broadcast(Matrix& matrix, Traffic kind, Channel& channel) {
  if (channel.size() == 1) return;
  const bool root = channel.rank() == 0;
  const int64_t shape[] = {root ? matrix.rows() : 0, root ? matrix.cols() : 0};
  std::vector<std::byte> mine;
  if (root) {
    append_values(mine, shape, 2);
    append_values(mine, matrix.data(), matrix.size());
  }
  const std::vector<std::byte> bytes = all_gather(channel, kind, mine).front();
  if (root) return;
  ByteReader from_root(bytes, "rank 0 sent a malformed matrix");
  const auto rows = from_root.read<int64_t>(), cols = from_root.read<int64_t>();
  const int64_t numbers = static_cast<int64_t>(from_root.left() / sizeof(float));
  if (rows < 0 || cols < 0 || (cols > 0 && rows > numbers / cols) || rows * cols * 4 != std::ssize(bytes) - 16) {
    from_root.fail();
  }
  matrix.reshape(rows, cols);
  from_root.read(matrix.data(), matrix.size());
}

}  // namespace tersegraph
