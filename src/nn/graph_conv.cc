#include "nn/graph_conv.h"

namespace tersegraph {

GraphConv::GraphConv(const std::string& name, int64_t in, int64_t out, bool root, ConvOrder order,
                     Parameters& parameters, float decay)
    : in_(in), out_(out), order_(order), parameters_(parameters) {
  weight_ = parameters.add(name + ".weight", in, out, decay);
  if (root) root_ = parameters.add(name + ".root_weight", in, out, decay);
}

void GraphConv::initialise(InitKind kind, uint64_t seed) {
  initialise_weights(kind, seed, weight_, parameters_.value(weight_));
  if (root_ >= 0) initialise_weights(kind, seed, root_, parameters_.value(root_));
}

void GraphConv::forward(const Operand& h, const Operand& aggregated, Aggregation* a, const AggregationPass& pass,
                        MatrixView y, ConvWorkspace& workspace, PhaseSeconds& seconds) {
  const ConstMatrixView weight = parameters_.value(weight_);
  switch (order_) {
    case ConvOrder::aggregated_input: {
      PhaseTimer timer(seconds, "gemm");
      multiply(aggregated, weight, y);
      break;
    }
    case ConvOrder::aggregate_first: {
      aggregated_.reshape(y.rows, in_);
      a->forward(h.dense, aggregated_, pass, seconds);
      PhaseTimer timer(seconds, "gemm");
      gemm(aggregated_, weight, y);
      break;
    }
    case ConvOrder::transform_first: {
      workspace.scratch.reshape(y.rows, out_);
      {
        PhaseTimer timer(seconds, "gemm");
        multiply(h, weight, workspace.scratch);
      }
      a->forward(workspace.scratch, y, pass, seconds);
      break;
    }
    case ConvOrder::unaggregated: {
      PhaseTimer timer(seconds, "gemm");
      multiply(h, weight, y);
      break;
    }
  }
  if (root_ >= 0) {
    PhaseTimer timer(seconds, "gemm");
    multiply(h, parameters_.value(root_), y, Write::accumulate);
  }
}

void GraphConv::backward_weights(const Operand& h, const Operand& summed, ConstMatrixView through, ConstMatrixView dy,
                                 ConvWorkspace& workspace, PhaseSeconds& seconds) {
  PhaseTimer timer(seconds, "gemm");
  multiply_transposed(summed, through, parameters_.gradient(weight_), workspace.gemm);
  if (root_ >= 0) multiply_transposed(h, dy, parameters_.gradient(root_), workspace.gemm);
}

void GraphConv::backward(const Operand& h, const Operand& aggregated, Aggregation* a, const AggregationPass& pass,
                         ConstMatrixView dy, MatrixView dh, ConvWorkspace& workspace, PhaseSeconds& seconds) {
  const ConstMatrixView weight = parameters_.value(weight_);
  Matrix& scratch = workspace.scratch;
  switch (order_) {
    case ConvOrder::aggregated_input:
      backward_weights(h, aggregated, dy, dy, workspace, seconds);
      return;
    case ConvOrder::aggregate_first:
      backward_weights(h, Operand::of(aggregated_), dy, dy, workspace, seconds);
      if (dh.data == nullptr) return;
      scratch.reshape(dy.rows, in_);
      {
        PhaseTimer timer(seconds, "gemm");
        gemm_transposed_b(dy, weight, scratch);
      }
      a->backward(scratch, dh, pass, seconds);
      break;
    case ConvOrder::transform_first: {
      scratch.reshape(dy.rows, out_);
      a->backward(dy, scratch, pass, seconds);
      backward_weights(h, h, scratch, dy, workspace, seconds);
      if (dh.data == nullptr) return;
      PhaseTimer timer(seconds, "gemm");
      gemm_transposed_b(scratch, weight, dh);
      break;
    }
    case ConvOrder::unaggregated: {
      backward_weights(h, h, dy, dy, workspace, seconds);
      if (dh.data == nullptr) return;
      PhaseTimer timer(seconds, "gemm");
      gemm_transposed_b(dy, weight, dh);
      break;
    }
  }
  if (root_ >= 0) {
    PhaseTimer timer(seconds, "gemm");
    gemm_transposed_b(dy, parameters_.value(root_), dh, Write::accumulate);
  }
}

}  // namespace tersegraph
