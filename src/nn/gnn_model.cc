#include "nn/gnn_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "nn/init.h"

namespace tersegraph {
namespace {

ConvOrder later_order(const ModelConfig& config, int64_t in, int64_t out) {
  if (config.kind == ModelKind::mlp) return ConvOrder::unaggregated;
  return out <= in && !config.aggregate_first ? ConvOrder::transform_first : ConvOrder::aggregate_first;
}

}  // namespace

GnnModel::GnnModel(const ModelConfig& config, int64_t features, int64_t outputs, ConvOrder first_order,
                   bool decay_first_layer_only, Parameters& parameters)
    : config_(config), parameters_(parameters), partial_(parameters) {
  layers_.reserve(config.layers);
  for (int l = 0; l < config.layers; ++l) {
    const int64_t in = l == 0 ? features : config.hidden;
    const int64_t out = l == config.layers - 1 ? outputs : config.hidden;
    layers_.push_back(
        make_layer(l, in, out, l == 0 ? first_order : later_order(config, in, out), l == 0 || !decay_first_layer_only));
  }
}

GnnModel::Layer GnnModel::make_layer(int index, int64_t in, int64_t out, ConvOrder order, bool decay) {
  const std::string name = fmt::format("layers.{}", index);
  const float factor = decay ? 1.0f : 0.0f;
  Layer layer;
  layer.conv = {.in = in, .out = out, .order = order};
  layer.conv.weight = parameters_.add(name + ".weight", in, out, factor);
  if (config_.kind == ModelKind::sage) layer.conv.root = parameters_.add(name + ".root_weight", in, out, factor);
  layer.bias = parameters_.add(name + ".bias", 1, out, factor);
  if (config_.norm == NormKind::layer && index < config_.layers - 1) {
    layer.gain = parameters_.add(name + ".norm.weight", 1, out, factor);
    layer.shift = parameters_.add(name + ".norm.bias", 1, out, factor);
  }
  return layer;
}

void GnnModel::initialise(uint64_t seed) {
  for (const Layer& layer : layers_) {
    for (const int tensor : {layer.conv.weight, layer.conv.root}) {
      if (tensor >= 0) initialise_weights(config_.init, seed, tensor, parameters_.value(tensor));
    }
    if (layer.gain >= 0) std::fill_n(parameters_.value(layer.gain).data, layer.conv.out, 1.0f);
  }
}

/// h_{layer + 1} = activation(y) + h_layer.
bool GnnModel::residual(int layer) const {
  return config_.residual && layer > 0 && layer < last() && layers_[layer].conv.in == layers_[layer].conv.out;
}

/// Without a norm, h = dropout(ReLU(y)) says all that backward asks of y.
bool GnnModel::keeps_y(int layer) const {
  return layer < last() && (config_.norm == NormKind::layer || residual(layer));
}

/// Where y is kept, h is computed again, unless a residual was added.
bool GnnModel::keeps_h(int layer) const {
  return layer > 0 && (!keeps_y(layer - 1) || residual(layer - 1));
}

ActivationSpec GnnModel::activation_spec(int layer, const ModelPass& pass) const {
  return {.layer_norm = config_.norm == NormKind::layer,
          .relu = true,
          .dropout = pass.training ? config_.dropout : 0.0f,
          .order = config_.order,
          .key = StreamKey(pass.seed, Purpose::dropout, Direction::forward(), pass.epoch, layer)};
}

ActivationParams GnnModel::activation_params(int layer) const {
  const auto value = [&](int tensor) { return tensor < 0 ? nullptr : parameters_.value(tensor).data; };
  return {value(layers_[layer].bias), value(layers_[layer].gain), value(layers_[layer].shift)};
}

AggregationPass GnnModel::aggregation_pass(const Step& step, Traffic kind, int layer) const {
  const ModelPass& pass = step.pass;
  return {pass.training, pass.training ? kind : Traffic::evaluation, pass.seed, pass.epoch, layer};
}

/// Rows that travel between ranks are encoded by the exchange, from fp32.
bool GnnModel::rounds_messages(const Step& step) const {
  const Aggregation* const a = step.rows.aggregation;
  return config_.gathered_bits == 16 && a != nullptr && a->alone();
}

/// True when a layer reads its own rows again after aggregating.
bool GnnModel::needs_input(int layer) const {
  return layers_[layer].conv.has_root() || residual(layer);
}

/// Evaluation keeps nothing where that would be rounded.
bool GnnModel::exact_evaluation(const Step& step) const {
  return !step.pass.training && rounds();
}

/// The block's rows of the input of `layer`, on the way forward.
Operand GnnModel::input_rows(int layer, const Step& step, const RowBlock& block) {
  if (layer > 0 && rounds()) return Operand::of(rows_of(own_rows_.view(), block.begin, block.end));
  return kept_input_rows(layer, step, block);
}

/// The same as it was kept, on the way back.
Operand GnnModel::kept_input_rows(int layer, const Step& step, const RowBlock& block) {
  if (layer == 0) return step.input.features.rows(block.begin, block.end);
  if (keeps_h(layer)) return Operand::of(layers_[layer].h.rows(block, block.end, 2));
  const ConstMatrixView y = layers_[layer - 1].y.rows(block, block.end, 2);
  const MatrixView h = block.thread.room(2, y.rows, y.cols);
  activation_forward_block(y, step.rows.ids + block.begin, activation_params(layer - 1),
                           activation_spec(layer - 1, step.pass), h);
  block.thread.lap(BlockPhase::activation);
  return Operand::of(h);
}

/// `use`: which of a layer's kept rows these are.
void GnnModel::keep(KeptRows& rows, const Step& step, const RowBlock& block, ConstMatrixView x, int layer,
                    int use) const {
  const ModelPass& pass = step.pass;
  const StreamKey key(pass.seed, Purpose::kept_rows, Direction{static_cast<uint64_t>(use)}, pass.epoch, layer);
  rows.keep(block, x, step.rows.ids, key);
}

int64_t GnnModel::widest_exchange() const {
  int64_t widest = 0;
  for (const Layer& layer : layers_) {
    if (layer.conv.aggregates()) widest = std::max(widest, layer.conv.message_cols());
  }
  return widest;
}

int64_t GnnModel::activation_bytes(int64_t rows, int ranks, bool sparse_input) const {
  const int bits = config_.kept_bits;
  int64_t kept = 0, root = 0, own_rows = 0;
  std::array<int64_t, 2> messages{};  // layers take turns with them, both ways
  for (int l = 0; l <= last(); ++l) {
    const GraphConv& conv = layers_[l].conv;
    if (keeps_h(l)) kept += KeptRows::bytes(rows, conv.in, bits, true);
    if (keeps_y(l)) kept += KeptRows::bytes(rows, conv.out, bits, false);
    if (rounds() && l > 0 && needs_input(l)) own_rows = std::max(own_rows, conv.in);
    if (conv.order == ConvOrder::aggregate_first) {
      kept += KeptRows::bytes(rows, conv.in, bits, false);
      if (conv.has_root() && l > 0) root = std::max(root, conv.out);
    }
    if (conv.aggregates() && (l > 0 || conv.transforms_first())) {
      messages[l % 2] = std::max(messages[l % 2], conv.message_cols());
    }
  }
  if (sparse_input) {  // dL/dy_0 is put down, and A^T dL/dy_0 where that is what the weights meet
    messages[0] = std::max(messages[0], layers_[0].conv.out);
    if (layers_[0].conv.transforms_first()) messages[1] = std::max(messages[1], layers_[0].conv.out);
  }
  const int64_t sums = ranks > 1 ? widest_exchange() : 0, residual_room = config_.residual ? config_.hidden : 0;
  // The outputs and dL/doutputs, which is the caller's.
  const int64_t gathered = (ranks == 1 ? config_.gathered_bits : 32) / 8 * (messages[0] + messages[1]);
  return kept + rows * (gathered + 4 * (2 * outputs() + root + own_rows + sums + residual_room));
}

int64_t GnnModel::widest_block() const {
  int64_t width = std::max(config_.hidden, outputs());
  for (const Layer& layer : layers_) {
    if (layer.conv.order == ConvOrder::aggregate_first) width = std::max(width, layer.conv.in);
  }
  return width;
}

int64_t GnnModel::gradient_sums(int64_t rows, bool sparse_input) const {
  int64_t sums = parameters_.size();
  if (sparse_input) {  // whose products come from SpMM
    for (const int tensor : {layers_[0].conv.weight, layers_[0].conv.root}) {
      if (tensor >= 0) sums -= parameters_.elements(tensor);
    }
  }
  RowBlocks blocks;
  blocks.resize(widest_block(), sums);
  return blocks.most_ranges(rows) * sums;
}

int64_t GnnModel::gradient_sum_bytes(int64_t rows, bool sparse_input) const {
  return 4 * gradient_sums(rows, sparse_input) + RowBlocks::kThreadBytes * thread_count();
}

}  // namespace tersegraph
