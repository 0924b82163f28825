#include "augment/ordered_aggregation.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "augment/fetch_halo.h"
#include "base/parallel.h"
#include "kernels/spmm.h"

namespace tersegraph {
namespace {

constexpr int64_t kRowBlock = 1024;

struct Entry {
  int64_t id;  ///< global
  int32_t column;
  float value;
};

void collect_row(const Shard& shard, int64_t i, std::vector<Entry>& row) {
  const CsrView local = shard.local, remote = shard.remote;
  const auto owned = static_cast<int32_t>(shard.owned_count());
  row.clear();
  for (int64_t e = local.begin(i); e < local.end(i); ++e) {
    row.push_back({shard.owned[local.indices[e]], local.indices[e], local.value(e)});
  }
  for (int64_t e = remote.begin(i); e < remote.end(i); ++e) {
    row.push_back({shard.halo[remote.indices[e]], owned + remote.indices[e], remote.value(e)});
  }
  std::sort(row.begin(), row.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
}

/// local and remote in one operator over [owned; halo].
Csr merge(const Shard& shard) {
  Csr rows;
  rows.cols = shard.owned_count() + shard.halo_count();
  rows.indptr.resize(shard.owned.size() + 1);
  for (size_t i = 0; i < rows.indptr.size(); ++i) rows.indptr[i] = shard.local.indptr[i] + shard.remote.indptr[i];
  rows.indices.resize(rows.nnz());
  rows.values.resize(rows.nnz());
  parallel_blocks(shard.owned_count(), kRowBlock, [&](int64_t begin, int64_t end) {
    std::vector<Entry> row;
    for (int64_t i = begin; i < end; ++i) {
      collect_row(shard, i, row);
      for (size_t k = 0; k < row.size(); ++k) {
        rows.indices[rows.indptr[i] + k] = row[k].column;
        rows.values[rows.indptr[i] + k] = row[k].value;
      }
    }
  });
  return rows;
}

}  // namespace

OrderedAggregation::OrderedAggregation(const Shard& shard, Channel& channel)
    : shard_(shard),
      channel_(channel),
      in_order_(shard.halo.empty() && std::is_sorted(shard.owned.begin(), shard.owned.end())),
      merged_(in_order_ ? Csr() : merge(shard)),
      plan_(plan_forward(shard, channel)),
      exchange_(channel) {
  plan_.scatter = scatter_in_order(shard.halo_count());
}

void OrderedAggregation::forward(ConstMatrixView x, MatrixView y, Traffic kind) {
  if (channel_.size() == 1) {
    spmm(operator_rows(), x, y);
    return;
  }
  all_.reshape(shard_.owned_count() + shard_.halo_count(), x.cols);
  std::memcpy(all_.data(), x.data, static_cast<size_t>(x.size()) * sizeof(float));
  fetch_halo(exchange_, plan_, all_, kind);
  spmm(operator_rows(), all_, y);
}

}  // namespace tersegraph
