#include "nn/gnn_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/parallel.h"

namespace tersegraph {
namespace {

void add_rows(ConstMatrixView x, MatrixView y) {
  parallel_blocks(x.rows, 1024, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin * x.cols; k < end * x.cols; ++k) y.data[k] += x.data[k];
  });
}

void copy_rows(ConstMatrixView x, MatrixView y) {
  parallel_blocks(x.rows, 1024, [&](int64_t begin, int64_t end) {
    std::copy(x.row(begin), x.row(begin) + (end - begin) * x.cols, y.row(begin));
  });
}

AggregationPass aggregation_pass(const ModelPass& pass, Traffic kind, int layer) {
  return {!pass.training, pass.training ? kind : Traffic::evaluation, pass.seed, pass.epoch, layer};
}

ConvOrder later_order(const ModelConfig& config, int64_t in, int64_t out) {
  if (config.kind == ModelKind::mlp) return ConvOrder::unaggregated;
  return out < in && !config.aggregate_first ? ConvOrder::transform_first : ConvOrder::aggregate_first;
}

}  // namespace

GnnModel::GnnModel(const ModelConfig& config, int64_t features, int64_t outputs, ConvOrder first_order,
                   bool decay_first_layer_only, Parameters& parameters)
    : config_(config), parameters_(parameters) {
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
  Layer layer{
      .conv = {name, in, out, config_.kind == ModelKind::sage, order, parameters_, factor}, .y = {}, .input = {}};
  layer.bias = parameters_.add(name + ".bias", 1, out, factor);
  if (config_.norm == NormKind::layer && index < config_.layers - 1) {
    layer.gain = parameters_.add(name + ".norm.weight", 1, out, factor);
    layer.shift = parameters_.add(name + ".norm.bias", 1, out, factor);
  }
  return layer;
}

void GnnModel::initialise(uint64_t seed) {
  for (Layer& layer : layers_) {
    layer.conv.initialise(config_.init, seed);
    if (layer.gain >= 0) std::fill_n(parameters_.value(layer.gain).data, layer.conv.out(), 1.0f);
  }
}

ActivationSpec GnnModel::activation_spec(int layer, const ModelPass& pass) const {
  return {.layer_norm = config_.norm == NormKind::layer,
          .relu = true,
          .dropout = pass.training ? config_.dropout : 0.0f,
          .order = config_.order,
          .key = StreamKey(pass.seed, Purpose::dropout, Direction::forward(), pass.epoch, layer)};
}

ActivationParams GnnModel::activation_params(const Layer& layer) const {
  const auto value = [&](int tensor) { return tensor < 0 ? nullptr : parameters_.value(tensor).data; };
  return {value(layer.bias), value(layer.gain), value(layer.shift)};
}

ActivationGradients GnnModel::activation_gradients(const Layer& layer) const {
  const auto gradient = [&](int tensor) { return tensor < 0 ? nullptr : parameters_.gradient(tensor).data; };
  return {gradient(layer.bias), gradient(layer.gain), gradient(layer.shift)};
}

bool GnnModel::residual(int layer) const {
  return config_.residual && layer > 0 && layers_[layer].conv.in() == layers_[layer].conv.out();
}

Matrix& GnnModel::input_room(int layer) {
  return layers_[layer].conv.keeps_input() || residual(layer) ? layers_[layer].input : transient_input_;
}

Operand GnnModel::input_of(int layer, const ModelInput& input) {
  return layer == 0 ? input.features : Operand::of(input_room(layer));
}

MatrixView GnnModel::convolve(int index, const ModelInput& input, const ModelRows& rows, const ModelPass& pass,
                              PhaseSeconds& seconds) {
  if (index == 0 && input.product.data != nullptr) return input.product;
  Layer& layer = layers_[index];
  layer.y.reshape(rows.count, layer.conv.out());
  layer.conv.forward(input_of(index, input), input.aggregated, rows.aggregation,
                     aggregation_pass(pass, Traffic::halo_forward, index), layer.y, workspace_, seconds);
  return layer.y;
}

MatrixView GnnModel::forward(const ModelInput& input, const ModelRows& rows, const ModelPass& pass,
                             PhaseSeconds& seconds) {
  const int last = config_.layers - 1;
  for (int l = 0; l < last; ++l) {
    const Layer& layer = layers_[l];
    const MatrixView y = convolve(l, input, rows, pass, seconds);
    PhaseTimer timer(seconds, "activation");
    Matrix& next = input_room(l + 1);
    next.reshape(rows.count, layer.conv.out());
    activation_forward(y, rows.ids, activation_params(layer), activation_spec(l, pass), next);
    if (residual(l)) add_rows(input_room(l), next);
  }
  const MatrixView y = convolve(last, input, rows, pass, seconds);
  PhaseTimer timer(seconds, "activation");
  add_bias(parameters_.value(layers_[last].bias).data, y);
  return y;
}

void GnnModel::backward(const ModelInput& input, const ModelRows& rows, const ModelPass& pass, MatrixView grad,
                        PhaseSeconds& seconds) {
  const int last = config_.layers - 1;
  for (int l = last; l >= 0; --l) {
    Layer& layer = layers_[l];
    const bool skip = residual(l) && l < last;
    {
      PhaseTimer timer(seconds, "activation");
      if (skip) {
        residual_gradient_.reshape(rows.count, layer.conv.out());
        copy_rows(grad, residual_gradient_);
      }
      if (l == last) {
        column_sums(grad, parameters_.gradient(layer.bias).data, reductions_);
      } else {
        activation_backward(layer.y, rows.ids, activation_params(layer), activation_spec(l, pass), grad,
                            activation_gradients(layer), reductions_);
      }
    }
    Matrix& below = gradients_[l % 2];
    MatrixView dh;
    if (l > 0) {
      below.reshape(rows.count, layer.conv.in());
      dh = below;
    }
    layer.conv.backward(input_of(l, input), input.aggregated, rows.aggregation,
                        aggregation_pass(pass, Traffic::halo_backward, l), grad, dh, workspace_, seconds);
    if (skip) add_rows(residual_gradient_, dh);
    grad = dh;
  }
}

int64_t GnnModel::widest_exchange() const {
  int64_t widest = 0;
  for (const Layer& layer : layers_) {
    if (layer.conv.order() == ConvOrder::aggregate_first) widest = std::max(widest, layer.conv.in());
    if (layer.conv.order() == ConvOrder::transform_first) widest = std::max(widest, layer.conv.out());
  }
  return widest;
}

int64_t GnnModel::activation_bytes(int64_t rows) const {
  int64_t floats = 0, transient = 0, scratch = 0, widest_gradient = 0;
  for (int l = 0; l < config_.layers; ++l) {
    const GraphConv& conv = layers_[l].conv;
    floats += conv.out();                                                 // y
    if (conv.order() == ConvOrder::aggregate_first) floats += conv.in();  // A h
    if (conv.order() == ConvOrder::transform_first) {
      scratch = std::max(scratch, conv.out());
    } else if (conv.order() == ConvOrder::aggregate_first && l > 0) {
      scratch = std::max(scratch, conv.in());
    }
    if (l == 0) continue;
    (conv.keeps_input() || residual(l) ? floats : transient) += conv.in();
    widest_gradient = std::max(widest_gradient, conv.in());
  }
  transient = std::min(transient, config_.hidden);
  const int64_t residual_room = config_.residual ? config_.hidden : 0;
  const int64_t gradient_buffers = std::min(config_.layers - 1, 2);
  return 4 * rows * (floats + transient + scratch + gradient_buffers * widest_gradient + outputs() + residual_room);
}

}  // namespace tersegraph
