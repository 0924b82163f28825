#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/activation.h"
#include "nn/graph_conv.h"
#include "nn/model_config.h"

namespace tersegraph {

/// What enters the first layer on this rank: the features h_0, and A h_0 where it was computed once.
struct ModelInput {
  Operand features;
  Operand aggregated;
  MatrixView product;  ///< layer 0's product with its weights, where it was computed elsewhere; overwritten
};

/// The rows that a pass computes: the owned nodes with what aggregates over their neighbours, or any nodes where no
/// layer does.
struct ModelRows {
  int64_t count;
  const int64_t* ids;  ///< global
  Aggregation* aggregation = nullptr;

  ModelRows(Aggregation& a) : count(a.shard().owned_count()), ids(a.shard().owned.data()), aggregation(&a) {}
  explicit ModelRows(std::span<const int64_t> nodes) : count(std::ssize(nodes)), ids(nodes.data()) {}
};

struct ModelPass {
  bool training = false;  ///< dropout on; halo rows encoded as the exchange policy says
  uint64_t seed = 0;
  int64_t epoch = 0;
};

/// A stack of graph convolutions (of kind mlp: of plain layers) with bias, and between them normalisation, ReLU and
/// dropout. All matrices are rows of this rank's nodes; the weights are replicated. Memory is allocated by the first
/// epoch and reused by the others.
class GnnModel {
 public:
  /// `first_order` is how layer 0 meets its input; later layers transform first where that is narrower, unless
  /// config.aggregate_first (kind mlp: every order is unaggregated). `decay_first_layer_only`: weight decay on layer 0
  /// alone (Kipf and Welling 2017).
  GnnModel(const ModelConfig& config, int64_t features, int64_t outputs, ConvOrder first_order,
           bool decay_first_layer_only, Parameters& parameters);

  void initialise(uint64_t seed);

  /// The outputs (rows, outputs), valid until the next call.
  MatrixView forward(const ModelInput& input, const ModelRows& rows, const ModelPass& pass, PhaseSeconds& seconds);

  /// From dL/doutputs (overwritten) to the gradients of all parameters (this rank's share of the sum over nodes).
  void backward(const ModelInput& input, const ModelRows& rows, const ModelPass& pass, MatrixView grad,
                PhaseSeconds& seconds);

  int64_t outputs() const { return layers_.back().conv.out(); }

  /// Bytes that a rank's activations and gradients take for `rows` owned nodes.
  int64_t activation_bytes(int64_t rows) const;
  /// Columns of the widest rows that an epoch exchanges.
  int64_t widest_exchange() const;

 private:
  struct Layer {
    GraphConv conv;
    int bias = -1, gain = -1, shift = -1;  ///< tensors; -1: none
    Matrix y;                              ///< what conv gave: (owned, out)
    Matrix input;                          ///< h of this layer, where backward needs it (never for layer 0)
  };

  Layer make_layer(int index, int64_t in, int64_t out, ConvOrder order, bool decay);
  ActivationSpec activation_spec(int layer, const ModelPass& pass) const;
  ActivationParams activation_params(const Layer& layer) const;
  ActivationGradients activation_gradients(const Layer& layer) const;
  MatrixView convolve(int index, const ModelInput& input, const ModelRows& rows, const ModelPass& pass,
                      PhaseSeconds& seconds);
  Operand input_of(int layer, const ModelInput& input);
  Matrix& input_room(int layer);
  bool residual(int layer) const;

  ModelConfig config_;
  Parameters& parameters_;
  std::vector<Layer> layers_;
  Matrix transient_input_;           ///< h of layers that do not keep it
  std::array<Matrix, 2> gradients_;  ///< dL/dh of this layer and of the one before
  Matrix residual_gradient_;
  ConvWorkspace workspace_;
  ReductionWorkspace reductions_;
};

}  // namespace tersegraph
