#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/file.h"
#include "data/dataset_rows.h"

namespace tersegraph {

/// Edges that come in any order and end as the rows of an adjacency, in temporary files: of the edges some 2^-8 are in
/// memory at a time, and 16 bytes a node. Use: add() all, sort(), then read() as often as wanted.
class SortedEdges {
 public:
  SortedEdges(int64_t nodes, bool weighted);

  /// Nodes are 0..nodes-1.
  void add(int64_t source, int64_t target, float weight = 1);
  /// The edge and its reverse, a self loop once.
  void add_both(int64_t source, int64_t target, float weight) {
    add(source, target, weight);
    if (source != target) add(target, source, weight);
  }
  /// Rows ascend from now on; of an edge that was added more than once the first stays.
  void sort();

  const std::vector<int64_t>& indptr() const { return indptr_; }
  bool weighted() const { return weighted_; }
  void read(const DatasetRows::SeeSparse& see) const;

 private:
  struct Ends {
    int32_t source, target;
  };
  struct Block {
    uint64_t first;  ///< of the edges that were written
    size_t count;
  };
  /// The edges out of one range of nodes.
  struct Bucket {
    std::vector<Ends> ends;
    std::vector<float> weights;
    std::vector<Block> blocks;
  };

  int64_t first_node(int64_t bucket) const { return std::min(nodes_, bucket * width_); }
  void spill(Bucket& bucket);
  Csr rows_of(int64_t bucket);

  int64_t nodes_, width_;
  bool weighted_;
  std::vector<Bucket> buckets_;
  std::vector<int64_t> indptr_{0};
  struct Spilled {
    TemporaryFile ends, weights;
  };
  std::unique_ptr<Spilled> spilled_;  ///< as they came; until sort()
  TemporaryFile columns_, weights_;   ///< in order
};

/// The edges of `rows` and their reverses, with their weights or without.
SortedEdges sort_both_ways(const DatasetRows& rows, bool weighted);

}  // namespace tersegraph
