#include "data/shard_folder.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "data/joined_labels.h"
#include "data/shard_file.h"

namespace tersegraph {
namespace {

/// Global rows of in-neighbours out of all shards'.
Csr join_rows(const std::vector<Shard>& shards, int64_t nodes, bool weighted) {
  Csr a;
  a.cols = nodes;
  a.indptr.assign(nodes + 1, 0);
  for (const Shard& shard : shards) {
    for (int64_t i = 0; i < shard.owned_count(); ++i) {
      a.indptr[shard.owned[i] + 1] =
          shard.local.indptr[i + 1] - shard.local.indptr[i] + shard.remote.indptr[i + 1] - shard.remote.indptr[i];
    }
  }
  std::partial_sum(a.indptr.begin(), a.indptr.end(), a.indptr.begin());
  a.indices.resize(a.nnz());
  if (weighted) a.values.resize(a.nnz());
  std::vector<std::pair<int32_t, float>> row;
  for (const Shard& shard : shards) {
    const CsrView local = shard.local, remote = shard.remote;
    for (int64_t i = 0; i < shard.owned_count(); ++i) {
      row.clear();
      for (int64_t e = local.begin(i); e < local.end(i); ++e) {
        row.emplace_back(static_cast<int32_t>(shard.owned[local.indices[e]]), local.value(e));
      }
      for (int64_t e = remote.begin(i); e < remote.end(i); ++e) {
        row.emplace_back(static_cast<int32_t>(shard.halo[remote.indices[e]]), remote.value(e));
      }
      std::sort(row.begin(), row.end());
      int64_t to = a.indptr[shard.owned[i]];
      for (const auto& [column, value] : row) {
        a.indices[to] = column;
        if (weighted) a.values[to] = value;
        ++to;
      }
    }
  }
  return a;
}

Csr join_sparse(const std::vector<Csr>& parts, const std::vector<Shard>& shards, int64_t nodes, int64_t cols) {
  Csr x;
  x.cols = cols;
  x.indptr.assign(nodes + 1, 0);
  for (size_t p = 0; p < parts.size(); ++p) {
    for (int64_t i = 0; i < parts[p].rows(); ++i) {
      x.indptr[shards[p].owned[i] + 1] = parts[p].indptr[i + 1] - parts[p].indptr[i];
    }
  }
  std::partial_sum(x.indptr.begin(), x.indptr.end(), x.indptr.begin());
  x.indices.resize(x.nnz());
  x.values.resize(x.nnz());
  for (size_t p = 0; p < parts.size(); ++p) {
    const Csr& part = parts[p];
    for (int64_t i = 0; i < part.rows(); ++i) {
      const int64_t to = x.indptr[shards[p].owned[i]], from = part.indptr[i], count = part.indptr[i + 1] - from;
      std::copy_n(part.indices.begin() + from, count, x.indices.begin() + to);
      std::copy_n(part.values.begin() + from, count, x.values.begin() + to);
    }
  }
  return x;
}

void check_parts(const std::vector<Shard>& shards, int64_t nodes) {
  std::vector<bool> seen(nodes, false);
  for (const Shard& shard : shards) {
    for (const int64_t v : shard.owned) {
      if (seen[v]) fail_input("part {} owns node {}, as another part does; make the shards again", shard.rank, v);
      seen[v] = true;
    }
  }
}

}  // namespace

Dataset read_sharded_labels(const std::string& folder, const ShardManifest& manifest) {
  JoinedLabels joined(manifest.facts, manifest.facts.splits.size());
  for (int part = 0; part < manifest.parts(); ++part) {
    const ShardFile file(manifest, folder, part);
    const std::vector<int64_t> owned = file.owned();
    joined.add(owned, file.labels(), file.splits(owned));
  }
  return joined.take();
}

Dataset read_sharded(const std::string& folder) {
  const ShardManifest manifest = read_manifest(folder);
  const DatasetFacts& facts = manifest.facts;
  Dataset dataset = read_sharded_labels(folder, manifest);
  dataset.features.is_sparse = facts.sparse_features;
  if (!facts.sparse_features) dataset.features.dense.reshape(facts.nodes, facts.features);
  std::vector<Shard> shards;
  std::vector<Csr> sparse;
  for (int part = 0; part < manifest.parts(); ++part) {
    const ShardFile file(manifest, folder, part);
    const Shard& shard = shards.emplace_back(file.shard());
    if (facts.sparse_features) {
      sparse.push_back(file.sparse_rows());
    } else if (facts.features > 0) {
      file.dense_rows([&](int64_t first, ConstMatrixView rows) {
        for (int64_t i = 0; i < rows.rows; ++i) {
          std::copy_n(rows.row(i), rows.cols, dataset.features.dense.row(shard.owned[first + i]));
        }
      });
    }
    const std::vector<int64_t> ids = file.node_ids();
    if (!ids.empty()) dataset.node_ids.resize(facts.nodes);
    for (size_t i = 0; i < ids.size(); ++i) dataset.node_ids[shard.owned[i]] = ids[i];
  }
  check_parts(shards, facts.nodes);
  if (facts.sparse_features) dataset.features.sparse = join_sparse(sparse, shards, facts.nodes, facts.features);
  dataset.graph.directed = facts.directed;
  dataset.graph.adjacency = join_rows(shards, facts.nodes, facts.weighted);
  if (facts.directed) dataset.graph.adjacency = transpose(dataset.graph.adjacency);
  return dataset;
}

void check_shards(const std::string& folder, const ShardManifest& manifest) {
  for (int part = 0; part < manifest.parts(); ++part) {
    const ShardFile file(manifest, folder, part);
    file.check();
    file.shard();
  }
}

}  // namespace tersegraph
