#pragma once

#include <cstdint>

#include "base/matrix.h"
#include "base/timer.h"
#include "exchange/aggregation.h"
#include "kernels/gemm.h"
#include "nn/init.h"
#include "nn/operand.h"
#include "nn/parameters.h"

namespace tersegraph {

/// How a convolution meets A. The first three give the same numbers; they differ in what is computed and sent.
enum class ConvOrder {
  aggregated_input,  ///< A h is given (constant features, aggregated once): nothing is sent
  aggregate_first,   ///< (A h) W: rows of the input's width travel
  transform_first,   ///< A (h W): rows of the output's width travel
  unaggregated       ///< h W: a perceptron's layer
};

/// Memory that the layers of a model share.
struct ConvWorkspace {
  Matrix scratch;  ///< h W on the way forward; dL/d(A h) or dL/d(h W) on the way back
  GemmWorkspace gemm;
};

/// y = (A h) W [+ h W_root]: GCN with A symmetrically normalised (Kipf and Welling 2017, eq. 2), GraphSAGE-mean with
/// the root weight and A the mean over neighbours (Hamilton et al. 2017, algorithm 1 without sampling). The bias is
/// added by what follows.
class GraphConv {
 public:
  /// Declares "<name>.weight" (in, out) and, with `root`, "<name>.root_weight" (in, out).
  GraphConv(const std::string& name, int64_t in, int64_t out, bool root, ConvOrder order, Parameters& parameters,
            float decay);

  /// h: the input (may be empty when the order is aggregated_input and there is no root weight); aggregated: A h, for
  /// aggregated_input alone. `a` may be null where nothing is aggregated. y (owned, out).
  void forward(const Operand& h, const Operand& aggregated, Aggregation* a, const AggregationPass& pass, MatrixView y,
               ConvWorkspace& workspace, PhaseSeconds& seconds);

  /// Overwrites the weights' gradients; dh (owned, in) unless its data is null. h as in forward where keeps_input().
  void backward(const Operand& h, const Operand& aggregated, Aggregation* a, const AggregationPass& pass,
                ConstMatrixView dy, MatrixView dh, ConvWorkspace& workspace, PhaseSeconds& seconds);

  /// Draws the weights from the seed alone.
  void initialise(InitKind kind, uint64_t seed);

  /// True when backward needs the input again.
  bool keeps_input() const {
    return root_ >= 0 || order_ == ConvOrder::transform_first || order_ == ConvOrder::unaggregated;
  }
  ConvOrder order() const { return order_; }
  int64_t in() const { return in_; }
  int64_t out() const { return out_; }

 private:
  void backward_weights(const Operand& h, const Operand& summed, ConstMatrixView through, ConstMatrixView dy,
                        ConvWorkspace& workspace, PhaseSeconds& seconds);

  int64_t in_, out_;
  ConvOrder order_;
  Parameters& parameters_;
  int weight_, root_ = -1;
  Matrix aggregated_;  ///< A h, kept from forward to backward (aggregate_first)
};

}  // namespace tersegraph
