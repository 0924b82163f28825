#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "exchange/aggregation.h"
#include "nn/gnn_model.h"

namespace tersegraph {

/// This rank's rows of the features, in the form that layer 0 asks for.
class InputFeatures {
 public:
  /// Takes the owned rows. `root`: layer 0 reads X itself besides A X. Collective when `order` is aggregated_input: the
  /// raw rows travel once, exactly (Traffic::layer0; one frozen draw of rounding noise would bias the whole run).
  InputFeatures(const Features& features, Aggregation& aggregation, ConvOrder order, bool root, float dropout);

  /// What layer 0 reads in this pass. Input dropout is drawn anew from (seed, epoch, node, column).
  ModelInput prepare(const ModelPass& pass);

  int64_t bytes() const;

 private:
  void aggregate_once(Aggregation& aggregation);
  void drop_sparse(StreamKey key);

  const Shard& shard_;
  float dropout_;
  Matrix dense_;
  Csr sparse_, sparse_transposed_;
  Matrix aggregated_;
  Csr aggregated_sparse_, aggregated_transposed_;
  Matrix dropped_dense_;                             ///< input dropout: what is left of dense_
  std::vector<float> dropped_, dropped_transposed_;  ///< and of the values of sparse_ and its transpose
  std::vector<uint64_t> row_keys_;
};

}  // namespace tersegraph
