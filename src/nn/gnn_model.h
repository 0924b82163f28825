#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "exchange/aggregation.h"
#include "kernels/activation.h"
#include "nn/graph_conv.h"
#include "nn/kept_rows.h"
#include "nn/messages.h"
#include "nn/model_config.h"
#include "nn/operand.h"
#include "nn/partial_gradients.h"
#include "nn/row_blocks.h"

namespace tersegraph {

/// What enters the first layer on this rank: the features h_0, and A h_0 where it was computed once.
struct ModelInput {
  Operand features;
  Operand aggregated;
  ConstMatrixView product;  ///< layer 0's product with its weights, where it was computed elsewhere
};

/// The rows that a pass computes: the owned nodes with what aggregates over their neighbours, or any nodes where no
/// layer does.
struct ModelRows {
  int64_t count;
  const int64_t* ids;  ///< global
  Aggregation* aggregation = nullptr;

  ModelRows(Aggregation& a) : count(a.shard().owned_count()), ids(a.shard().owned.data()), aggregation(&a) {}
  explicit ModelRows(std::span<const int64_t> nodes) : count(std::ssize(nodes)), ids(nodes.data()) {}

  /// Rows of h_l, of which a training pass computes what the loss depends on.
  int64_t of(int layer, bool training) const {
    return aggregation == nullptr ? count : aggregation->rows(layer, training);
  }
};

struct ModelPass {
  bool training = false;  ///< dropout on; halo rows encoded as the exchange policy says
  uint64_t seed = 0;
  int64_t epoch = 0;
};

/// A stack of graph convolutions (of kind mlp: of plain layers) with bias, and between them normalisation, ReLU and
/// dropout. All matrices are rows of this rank's nodes; the weights are replicated. Memory is allocated by the first
/// epoch and reused by the others.
///
/// Between two aggregations all work is on single rows, so it is done block by block while a block is in cache: what
/// A gives, weights, activation, the next layer's weights, and only then the next A (gnn_forward.cc); and the same way
/// back (gnn_backward.cc). In memory stay the rows that A reads (the messages) and, of every layer, one matrix that
/// backward needs: h where dropout and ReLU can be told from it, otherwise y, from which h is computed again.
class GnnModel {
 public:
  /// `first_order` is how layer 0 meets its input; later layers transform first where that is not wider, unless
  /// config.aggregate_first (kind mlp: every order is unaggregated). `decay_first_layer_only`: weight decay on layer 0
  /// alone (Kipf and Welling 2017).
  GnnModel(const ModelConfig& config, int64_t features, int64_t outputs, ConvOrder first_order,
           bool decay_first_layer_only, Parameters& parameters);

  /// Draws the weights from the seed alone.
  void initialise(uint64_t seed);

  /// The outputs (rows, outputs), valid until the next call.
  MatrixView forward(const ModelInput& input, const ModelRows& rows, const ModelPass& pass, PhaseSeconds& seconds);

  /// From dL/doutputs (overwritten) of the last forward pass, one of training, to the gradients of all parameters (this
  /// rank's share of the sum over nodes).
  void backward(const ModelInput& input, const ModelRows& rows, const ModelPass& pass, MatrixView grad,
                PhaseSeconds& seconds);

  int64_t outputs() const { return layers_.back().conv.out; }
  int layers() const { return static_cast<int>(layers_.size()); }
  const GraphConv& conv(int layer) const { return layers_[layer].conv; }

  /// Bytes that a rank's activations and gradients take for `rows` owned nodes.
  int64_t activation_bytes(int64_t rows, int ranks, bool sparse_input) const;
  /// Bytes of the sums that the ranges of a rank's `rows` rows make of the weights' gradients, and of what its threads
  /// work in.
  int64_t gradient_sum_bytes(int64_t rows, bool sparse_input) const;
  /// Values of those sums.
  int64_t gradient_sums(int64_t rows, bool sparse_input) const;
  /// Columns of the widest rows that an epoch exchanges.
  int64_t widest_exchange() const;

 private:
  struct Layer {
    GraphConv conv;
    int bias = -1, gain = -1, shift = -1;  ///< tensors; -1: none
    KeptRows h;                            ///< its input, where that is kept (never for layer 0)
    KeptRows aggregated;                   ///< A h, of aggregate_first
    KeptRows y;                            ///< what conv gave, where that is kept
  };
  /// One call of forward or backward.
  struct Step {
    const ModelInput& input;
    const ModelRows& rows;
    const ModelPass& pass;
    PhaseSeconds& seconds;
  };

  Layer make_layer(int index, int64_t in, int64_t out, ConvOrder order, bool decay);
  int last() const { return static_cast<int>(layers_.size()) - 1; }
  bool residual(int layer) const;
  bool keeps_y(int layer) const;
  bool keeps_h(int layer) const;
  MatrixView weight(int layer) const { return parameters_.value(layers_[layer].conv.weight); }
  MatrixView root_weight(int layer) const { return parameters_.value(layers_[layer].conv.root); }
  ActivationSpec activation_spec(int layer, const ModelPass& pass) const;
  ActivationParams activation_params(int layer) const;
  AggregationPass aggregation_pass(const Step& step, Traffic kind, int layer) const;
  const Operand& operand_of(int tensor, const Step& step) const;
  Operand input_rows(int layer, const Step& step, const RowBlock& block);
  Operand kept_input_rows(int layer, const Step& step, const RowBlock& block);
  bool rounds() const { return config_.kept_bits < 32; }
  bool rounds_messages(const Step& step) const;
  bool needs_input(int layer) const;
  bool exact_evaluation(const Step& step) const;
  void keep(KeptRows& rows, const Step& step, const RowBlock& block, ConstMatrixView x, int layer, int use) const;

  // gnn_forward.cc
  int64_t widest_block() const;
  void make_room(const Step& step);
  void start_messages(const Step& step);
  int forward_from(int layer, const Step& step);
  void combine(int layer, const Step& step, const RowBlock& block, ConstMatrixView sums, MatrixView y);
  void finish_rows(int layer, const Step& step, const RowBlock& block, MatrixView y);
  Matrix& room_for_sums(int layer);
  MatrixView room_for_aggregated(int layer, const Step& step, const RowBlock& block);
  MatrixView room_for_y(int layer, const Step& step, const RowBlock& block);
  MatrixView activate(int layer, const Step& step, const RowBlock& block, ConstMatrixView y);

  // gnn_backward.cc
  void backward_from(int layer, const Step& step);
  void descend(int layer, const Step& step, const RowBlock& block, MatrixView dy);
  MatrixView through_weights(int layer, const Step& step, const RowBlock& block, MatrixView summed);
  void through_activation(int layer, const Step& step, const RowBlock& block, MatrixView dh);
  int stop_below(int layer) const;
  void room_for_gradients(int layer, const Step& step);
  bool meets_sparse_rows(const Step& step) const;
  MatrixView root_gradient_rows(int64_t cols, int64_t begin, int64_t end);
  void input_weight_gradients(const Step& step, const RowBlock& block, ConstMatrixView dy);
  void add_weight_gradient(int tensor, ConstMatrixView x, ConstMatrixView dy, const RowBlock& block);
  void sparse_weight_gradients(const Step& step);

  ModelConfig config_;
  Parameters& parameters_;
  std::vector<Layer> layers_;
  RowBlocks blocks_;
  PartialGradients partial_;
  std::array<Messages, 2> messages_;  ///< what A reads, and what the loop over its result writes for the next A
  int reading_ = 0;                   ///< which of them A reads
  Matrix sums_;                       ///< A's result, where it needs messages of other ranks
  Matrix outputs_;
  Matrix own_rows_;  ///< on the way forward, h of the layer that A is at, where it is read again and kept rounded
  Matrix root_gradient_, residual_gradient_;
};

}  // namespace tersegraph
