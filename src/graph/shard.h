#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/csr.h"
#include "graph/partition.h"
#include "graph/reorder.h"

namespace tersegraph {

/// One rank's share of an aggregation operator A. Local rows are the owned nodes in locality order; halo rows are
/// copies of nodes that other ranks own, grouped by owner, ascending global ids within.
///   (A x)_owned = local x_owned + remote x_halo
struct Shard {
  int rank = 0;
  int ranks = 1;
  int64_t global_nodes = 0;
  std::vector<int64_t> owned;         ///< global id of each local row
  std::vector<int64_t> halo;          ///< global id of each halo row
  std::vector<int64_t> halo_offsets;  ///< (ranks + 1): rank q owns halo rows halo_offsets[q] .. halo_offsets[q+1]-1
  Csr local;                          ///< (owned, owned), columns ascending by local row
  Csr remote;                         ///< (owned, halo), columns ascending: by owner, then by global id

  int64_t owned_count() const { return static_cast<int64_t>(owned.size()); }
  int64_t halo_count() const { return static_cast<int64_t>(halo.size()); }
};

/// Errors: InputError when the rank owns no node.
Shard build_shard(const Csr& aggregation, const Partition& partition, int rank, Ordering ordering, uint64_t seed);

/// Makes the operator's rows out of a graph's: each row lists the in-neighbours of its node, as the edges are. The
/// result is that of build_shard on aggregation_operator(), bit for bit. `halo_degrees` are degrees_with_loops() of the
/// halo rows; only symmetric reads them.
void normalise(Shard& shard, std::vector<double> halo_degrees, Normalisation normalisation);

/// Puts the local rows in another order: order[k] = the row that comes k-th.
void reorder_rows(Shard& shard, const std::vector<int32_t>& order);

/// central: no neighbour on another rank; marginal: some (AdaQP section 3).
int64_t marginal_count(const Shard& shard);

/// For every entry of `ids`, the local row that owns it. Errors: RunError when the shard does not own one.
std::vector<int32_t> local_rows(const Shard& shard, std::span<const int64_t> ids);

}  // namespace tersegraph
