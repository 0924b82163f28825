#pragma once

#include <cstdint>

namespace tersegraph {

/// How a convolution meets A. The first three give the same numbers; they differ in what is computed and sent.
enum class ConvOrder {
  aggregated_input,  ///< A h is given (constant features, aggregated once): nothing is sent
  aggregate_first,   ///< (A h) W: rows of the input's width travel
  transform_first,   ///< A (h W): rows of the output's width travel
  unaggregated       ///< h W: a perceptron's layer
};

/// y = (A h) W [+ h W_root]: GCN with A symmetrically normalised (Kipf and Welling 2017, eq. 2), GraphSAGE-mean with
/// the root weight and A the mean over neighbours (Hamilton et al. 2017, algorithm 1 without sampling).
struct GraphConv {
  int64_t in = 0, out = 0;
  ConvOrder order = ConvOrder::aggregate_first;
  int weight = -1;  ///< tensor (in, out)
  int root = -1;    ///< tensor (in, out); -1: none

  /// True when rows of neighbours are summed in every pass.
  bool aggregates() const { return order == ConvOrder::aggregate_first || order == ConvOrder::transform_first; }
  bool transforms_first() const { return order == ConvOrder::transform_first; }
  bool has_root() const { return root >= 0; }
  /// Columns of the rows that are summed, and sent where another rank needs them.
  int64_t message_cols() const { return order == ConvOrder::aggregate_first ? in : out; }
};

}  // namespace tersegraph
