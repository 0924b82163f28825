#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "nn/graph_conv.h"
#include "train/config.h"

namespace tersegraph {

/// What the work of an epoch depends on.
struct EpochShape {
  ModelConfig model;
  int64_t nodes = 0, train_nodes = 0;
  int64_t operator_entries = 0, train_operator_entries = 0;  ///< stored in A; those in rows of training nodes
  int64_t features = 0, outputs = 0;
  int64_t feature_entries = 0;     ///< stored in X: nodes * features where it is dense
  int64_t aggregated_entries = 0;  ///< of A X that are not zero by the pattern
  ConvOrder first_order = ConvOrder::aggregate_first;
};

/// On one rank. Errors: InputError for what the formulas below do not cover (residual connections, input dropout).
EpochShape epoch_shape(const Dataset& dataset, const Split& split, const Csr& aggregation,
                       const FullGraphConfig& config);

/// Rows of matrices that an SpMM gathers: so many entries, each a row of `cols`.
struct Gather {
  int64_t cols = 0;
  int64_t entries = 0;
};

/// What a phase of an epoch must do: multiplications and additions, and bytes of fp32 matrices and CSR arrays that are
/// read or written by one pass of each kernel if a cache holds nothing between kernels. Where rows are gathered,
/// `bytes` counts a row once an entry.
struct PhaseWork {
  std::string phase;
  double flops = 0.0;
  double bytes = 0.0;
  std::vector<Gather> gathers;
};

/// Of one training epoch (forward, loss, backward, Adam), by phase. Rows of the operator n, its entries e; a layer of
/// (in, out):
/// - product of n rows: 2 n in out, forward, for the weights' gradient, and above layer 0 for the input's gradient;
/// with
///   a sparse operand of s entries 2 s out; GraphSAGE has as many again for its root weights
/// - SpMM of d columns: 2 e d, forward and (above layer 0, or after a transform) backward; d is the narrower side
/// - layer 0 with a cached A X: products alone
/// - activation: 3 operations an element forward (bias, ReLU, scale), 3 backward (mask, scale, the bias' gradient)
/// `train_rows_only`: the last layer's outputs are computed for training rows alone, which is all that the loss needs.
std::vector<PhaseWork> epoch_work(const EpochShape& shape, bool train_rows_only);

}  // namespace tersegraph
