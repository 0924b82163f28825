#include "graph/shard.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"

namespace tersegraph {
namespace {

constexpr int64_t kRowBlock = 4096;

/// The submatrix of rows `rows` (global ids) and of the columns with number[column] >= 0, renumbered by it; rows
/// ascend.
Csr extract(const Csr& a, const std::vector<int64_t>& rows, const std::vector<int32_t>& number, int64_t cols) {
  Csr part;
  part.cols = cols;
  part.indptr.assign(rows.size() + 1, 0);
  const auto count = static_cast<int64_t>(rows.size());
  parallel_blocks(count, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t e = a.indptr[rows[i]]; e < a.indptr[rows[i] + 1]; ++e) {
        part.indptr[i + 1] += number[a.indices[e]] >= 0;
      }
    }
  });
  std::partial_sum(part.indptr.begin(), part.indptr.end(), part.indptr.begin());
  part.indices.resize(part.nnz());
  if (a.weighted()) part.values.resize(part.nnz());
  parallel_blocks(count, kRowBlock, [&](int64_t begin, int64_t end) {
    std::vector<std::pair<int32_t, float>> row;
    for (int64_t i = begin; i < end; ++i) {
      row.clear();
      for (int64_t e = a.indptr[rows[i]]; e < a.indptr[rows[i] + 1]; ++e) {
        const int32_t column = number[a.indices[e]];
        if (column >= 0) row.emplace_back(column, a.weighted() ? a.values[e] : 1.0f);
      }
      std::sort(row.begin(), row.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
      for (size_t k = 0; k < row.size(); ++k) {
        part.indices[part.indptr[i] + k] = row[k].first;
        if (a.weighted()) part.values[part.indptr[i] + k] = row[k].second;
      }
    }
  });
  return part;
}

/// number[id] = position of id in `ids`, -1 for every other id.
void renumber(const std::vector<int64_t>& ids, std::vector<int32_t>& number) {
  std::fill(number.begin(), number.end(), -1);
  for (size_t k = 0; k < ids.size(); ++k) number[ids[k]] = static_cast<int32_t>(k);
}

std::vector<int64_t> owned_nodes(const Partition& partition, int rank) {
  std::vector<int64_t> owned;
  for (size_t v = 0; v < partition.part_of.size(); ++v) {
    if (partition.part_of[v] == rank) owned.push_back(static_cast<int64_t>(v));
  }
  return owned;
}

/// The columns of the owned rows that others own, by owner, then by id.
std::vector<int64_t> halo_nodes(const Csr& a, const Partition& partition, int rank, const std::vector<int64_t>& owned) {
  std::vector<bool> seen(a.cols, false);
  std::vector<int64_t> halo;
  for (const int64_t v : owned) {
    for (int64_t e = a.indptr[v]; e < a.indptr[v + 1]; ++e) {
      const int32_t u = a.indices[e];
      if (partition.part_of[u] == rank || seen[u]) continue;
      seen[u] = true;
      halo.push_back(u);
    }
  }
  std::sort(halo.begin(), halo.end(), [&](int64_t u, int64_t v) {
    return std::pair(partition.part_of[u], u) < std::pair(partition.part_of[v], v);
  });
  return halo;
}

std::vector<int64_t> offsets_by_owner(const Partition& partition, const std::vector<int64_t>& halo) {
  std::vector<int64_t> offsets(partition.parts + 1, 0);
  for (const int64_t u : halo) ++offsets[partition.part_of[u] + 1];
  std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
  return offsets;
}

void check(const Csr& aggregation, const Partition& partition, int rank) {
  if (aggregation.cols != aggregation.rows() || std::ssize(partition.part_of) != aggregation.rows()) {
    fail_input("shard: the partition has {} nodes and the operator is {} by {}; make the partition of this graph",
               partition.part_of.size(), aggregation.rows(), aggregation.cols);
  }
  if (rank < 0 || rank >= partition.parts) {
    fail_input("shard: rank {} of a partition into {} parts; start as many ranks as there are parts", rank,
               partition.parts);
  }
}

}  // namespace

Shard build_shard(const Csr& aggregation, const Partition& partition, int rank, Ordering ordering, uint64_t seed) {
  check(aggregation, partition, rank);
  Shard shard;
  shard.rank = rank;
  shard.ranks = partition.parts;
  shard.global_nodes = aggregation.rows();
  const std::vector<int64_t> ascending = owned_nodes(partition, rank);
  if (ascending.empty()) fail_input("shard: rank {} owns no node; use fewer ranks or another partition", rank);

  std::vector<int32_t> number(shard.global_nodes);
  renumber(ascending, number);
  shard.local = extract(aggregation, ascending, number, std::ssize(ascending));
  shard.owned = ascending;
  reorder_rows(shard, locality_order(shard.local, ordering, seed));
  shard.halo = halo_nodes(aggregation, partition, rank, ascending);
  shard.halo_offsets = offsets_by_owner(partition, shard.halo);
  renumber(shard.halo, number);
  shard.remote = extract(aggregation, shard.owned, number, shard.halo_count());
  return shard;
}

void reorder_rows(Shard& shard, const std::vector<int32_t>& order) {
  if (std::is_sorted(order.begin(), order.end())) return;
  std::vector<int64_t> rows(order.begin(), order.end()), owned(order.size());
  std::vector<int32_t> number(order.size());
  for (size_t k = 0; k < order.size(); ++k) {
    owned[k] = shard.owned[order[k]];
    number[order[k]] = static_cast<int32_t>(k);
  }
  shard.owned = std::move(owned);
  shard.local = extract(shard.local, rows, number, shard.owned_count());
  if (shard.remote.rows() == 0) return;
  std::vector<int32_t> same(shard.halo.size());
  std::iota(same.begin(), same.end(), 0);
  shard.remote = extract(shard.remote, rows, same, shard.halo_count());
}

int64_t marginal_count(const Shard& shard) {
  int64_t marginal = 0;
  for (int64_t i = 0; i < shard.remote.rows(); ++i) marginal += shard.remote.indptr[i + 1] > shard.remote.indptr[i];
  return marginal;
}

std::vector<int32_t> local_rows(const Shard& shard, std::span<const int64_t> ids) {
  std::vector<int32_t> by_id(shard.owned.size());
  std::iota(by_id.begin(), by_id.end(), 0);
  std::sort(by_id.begin(), by_id.end(), [&](int32_t i, int32_t j) { return shard.owned[i] < shard.owned[j]; });
  std::vector<int32_t> rows;
  rows.reserve(ids.size());
  for (const int64_t id : ids) {
    const auto found = std::lower_bound(by_id.begin(), by_id.end(), id,
                                        [&](int32_t i, int64_t wanted) { return shard.owned[i] < wanted; });
    if (found == by_id.end() || shard.owned[*found] != id) {
      fail_run("shard: rank {} was asked for node {}, which it does not own; give all ranks the same partition",
               shard.rank, id);
    }
    rows.push_back(*found);
  }
  return rows;
}

}  // namespace tersegraph
