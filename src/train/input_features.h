#pragma once

#include "data/dataset.h"
#include "exchange/aggregation.h"
#include "train/input_rows.h"

namespace tersegraph {

/// Whether X or A X is multiplied as it is, for it is sparse: a stored entry costs about ten times a dense one.
constexpr double kSparseDensity = 0.1;
bool stays_sparse(const Csr& x);
/// The same of the X of a dataset.
bool stays_sparse(const DatasetShape& dataset);

/// This rank's rows of the features, in the form that layer 0 asks for.
class InputFeatures {
 public:
  /// `rows`: of the owned nodes, by local row; the aggregation's shard must outlive this. `root`: layer 0 reads X
  /// itself besides A X. Collective when `order` is aggregated_input: the raw rows travel once, exactly
  /// (Traffic::layer0; one frozen draw of rounding noise would bias the whole run).
  InputFeatures(Features rows, Aggregation& aggregation, ConvOrder order, bool root, float dropout);

  /// What layer 0 reads in this pass. Input dropout is drawn anew from (seed, epoch, node, column).
  ModelInput prepare(const ModelPass& pass);

 private:
  void aggregate_once(Aggregation& aggregation);

  Matrix dense_;
  Csr sparse_;
  InputRows rows_;
  Matrix aggregated_;
  Csr aggregated_sparse_, aggregated_transposed_;
};

}  // namespace tersegraph
