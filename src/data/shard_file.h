#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/npz.h"
#include "data/shard_manifest.h"
#include "graph/shard.h"

namespace tersegraph {

/// What a part's file holds, its nodes by ascending id. The shard's rows are of the graph as it is, not yet normalised:
/// each lists its node's in-neighbours.
struct ShardContents {
  Shard shard;
  std::vector<double> halo_degrees;  ///< degrees_with_loops() of the halo nodes
  Features features;
  Labels labels;
  std::vector<Split> splits;  ///< global ids of owned nodes
  std::vector<int64_t> node_ids;
};

/// Arrays of shard-<part>.npz, each stored, not packed, with the checksum that zip gives it:
///   identity int64 (5): format version, part, parts, nodes of the graph, the manifest's fingerprint
///   owned, halo int64; halo_offsets int64 (parts + 1); halo_degrees float64
///   local_indptr, remote_indptr int64; local_indices, remote_indices int32; local_weights, remote_weights float32,
///     if edges have weights
///   attr float32 (owned, F), or attr_indptr int64, attr_indices int32, attr_data float32
///   labels int32 (owned) or float32 (owned, outputs)
///   splits uint8 (splits, owned): 0 in no set, 1 train, 2 val, 3 test
///   node_ids int64 (owned), if the dataset has them
void write_shard_file(const std::string& path, uint64_t fingerprint, const ShardContents& contents);

/// A part's file, of which everything is read when asked for and nothing kept. Trusts nothing. Errors: InputError that
/// names the file: not there, damaged, of another part or another dataset than the manifest says.
class ShardFile {
 public:
  /// The manifest must outlive this.
  ShardFile(const ShardManifest& manifest, const std::string& folder, int part);

  std::vector<int64_t> owned() const;
  Shard shard() const;
  std::vector<double> halo_degrees() const;
  Labels labels() const;
  std::vector<Split> splits(std::span<const int64_t> owned) const;
  std::vector<int64_t> node_ids() const;
  bool sparse_features() const { return manifest_.facts.sparse_features; }
  Csr sparse_rows() const;
  /// The dense features of the owned nodes, some at a time.
  void dense_rows(const std::function<void(int64_t, ConstMatrixView)>& take) const;
  void check() const { npz_.check(); }

 private:
  int64_t nodes() const { return manifest_.shards[part_].nodes; }
  Csr rows(const std::string& name, int64_t cols) const;
  [[noreturn]] void damaged(const std::string& how) const;

  const ShardManifest& manifest_;
  int part_;
  NpzReader npz_;
};

}  // namespace tersegraph
