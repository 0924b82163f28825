#include "admm/placement.h"

#include "admm/column_shards.h"
#include "base/byte_stream.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

struct Entry {
  int32_t column;
  float value;
};

/// Where each of `ids` stands in `training`, whose order they have.
std::vector<int64_t> places_of(const std::vector<int64_t>& ids, const std::vector<int64_t>& training) {
  std::vector<int64_t> places;
  for (size_t i = 0; i < training.size() && places.size() < ids.size(); ++i) {
    if (training[i] == ids[places.size()]) places.push_back(static_cast<int64_t>(i));
  }
  return places;
}

/// Row by row: its place, number of entries (-1: the whole row follows, dense), entries.
void pack(const AugmentedRows& rows, int64_t i, int64_t place, std::vector<std::byte>& bytes) {
  append_values(bytes, &place, 1);
  const int64_t entries = rows.is_sparse ? rows.sparse.indptr[i + 1] - rows.sparse.indptr[i] : -1;
  append_values(bytes, &entries, 1);
  if (!rows.is_sparse) append_values(bytes, rows.dense.row(i), rows.dense.cols());
  for (int64_t e = 0; e < entries; ++e) {
    const int64_t at = rows.sparse.indptr[i] + e;
    const Entry entry{rows.sparse.indices[at], rows.sparse.view().value(at)};
    append_values(bytes, &entry, 1);
  }
}

/// Into the rows of `all`, of which the first has the place `begin`.
void unpack(const std::vector<std::byte>& bytes, int peer, int64_t begin, Matrix& all) {
  ByteReader rows(bytes, fmt::format("rank {} sent malformed training rows", peer));
  while (!rows.done()) {
    const int64_t i = rows.read<int64_t>() - begin;
    const auto entries = rows.read<int64_t>();
    if (i < 0 || i >= all.rows() || entries > all.cols()) rows.fail();
    float* row = all.row(i);
    if (entries < 0) rows.read(row, all.cols());
    for (int64_t e = 0; e < entries; ++e) {
      const auto entry = rows.read<Entry>();
      if (entry.column < 0 || entry.column >= all.cols()) rows.fail();
      row[entry.column] = entry.value;
    }
  }
}

}  // namespace

Matrix place_training_rows(const AugmentedRows& rows, const std::vector<int64_t>& ids,
                           const std::vector<int64_t>& training, int64_t cols, RankAxes axes, Channel& channel) {
  const std::vector<int64_t> places = places_of(ids, training);
  const int64_t columns = std::ssize(training);
  std::vector<std::vector<std::byte>> outgoing(channel.size());
  int shard = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    while (places[i] >= ColumnShards::begin(columns, shard + 1, axes.nodes)) ++shard;
    pack(rows, static_cast<int64_t>(i), places[i], outgoing[axes.rank_of(0, shard)]);
  }
  const auto incoming = all_to_all(channel, Traffic::placement, outgoing);
  if (axes.block_of(channel.rank()) != 0) return {};
  const int mine = axes.shard_of(channel.rank());
  Matrix all(ColumnShards::size(columns, mine, axes.nodes), cols);
  all.fill(0.0f);
  for (int peer = 0; peer < channel.size(); ++peer) {
    unpack(incoming[peer], peer, ColumnShards::begin(columns, mine, axes.nodes), all);
  }
  return all;
}

}  // namespace tersegraph
