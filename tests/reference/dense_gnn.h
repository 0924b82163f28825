// Graph neural networks from their formulas, dense, in fp64 and without a thought for speed: what the model, the
// exchange and the trainer are compared with. Of src/ it uses the counter-based random numbers alone, since masks must
// be the same.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "reference/dense_matrix.h"

namespace tersegraph::reference {

/// adjacency(u, v): the weight of the edge from u to v; 0: none. Node i sums over its in-neighbours.
/// GCN: D^-1/2 B D^-1/2, B = A^T with a loop of weight 1 where there is none, D its row sums.
inline Dense gcn_operator(const Dense& adjacency) {
  Dense b = transposed(adjacency);
  std::vector<double> degree(static_cast<size_t>(b.rows), 0.0);
  for (int64_t i = 0; i < b.rows; ++i) {
    if (b(i, i) == 0.0) b(i, i) = 1.0;
    for (int64_t j = 0; j < b.cols; ++j) degree[i] += b(i, j);
  }
  for (int64_t i = 0; i < b.rows; ++i) {
    for (int64_t j = 0; j < b.cols; ++j) b(i, j) /= std::sqrt(degree[i] * degree[j]);
  }
  return b;
}

/// GraphSAGE: the weighted mean over in-neighbours other than the node itself; 0 where there is none.
inline Dense mean_operator(const Dense& adjacency) {
  Dense b = transposed(adjacency);
  for (int64_t i = 0; i < b.rows; ++i) {
    b(i, i) = 0.0;
    double degree = 0.0;
    for (int64_t j = 0; j < b.cols; ++j) degree += b(i, j);
    for (int64_t j = 0; j < b.cols; ++j) b(i, j) = degree > 0.0 ? b(i, j) / degree : 0.0;
  }
  return b;
}

/// Element (i, c) is dropped when its 16 random bits are below p * 2^16; the others grow by 1 / (1 - p).
inline void apply_dropout(Dense& x, double p, StreamKey key) {
  const double threshold = std::round(p * 65536.0);
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t c = 0; c < x.cols; ++c) {
      x(i, c) *= random16(key.row(i), c) < threshold ? 0.0 : 65536.0 / (65536.0 - threshold);
    }
  }
}

inline void apply_layer_norm(Dense& x, const Dense& gain, const Dense& shift) {
  for (int64_t i = 0; i < x.rows; ++i) {
    double mean = 0.0, variance = 0.0;
    for (int64_t c = 0; c < x.cols; ++c) mean += x(i, c) / static_cast<double>(x.cols);
    for (int64_t c = 0; c < x.cols; ++c) variance += (x(i, c) - mean) * (x(i, c) - mean) / static_cast<double>(x.cols);
    for (int64_t c = 0; c < x.cols; ++c) {
      x(i, c) = (x(i, c) - mean) / std::sqrt(variance + 1e-5) * gain(0, c) + shift(0, c);
    }
  }
}

inline void apply_relu(Dense& x) {
  for (double& value : x.values) value = std::max(value, 0.0);
}

/// Tensors by name, as the model calls them: "layers.0.weight", "layers.0.bias", "layers.0.norm.weight", ...
using Tensors = std::map<std::string, Dense>;

struct DenseGnn {
  Dense aggregation;  ///< gcn_operator or mean_operator
  Dense features;
  int layers = 2;
  bool root_weight = false;
  bool layer_norm = false;
  bool dropout_before_norm = false;
  bool residual = false;
  double dropout = 0.0, input_dropout = 0.0;  ///< 0 when evaluating
  uint64_t seed = 0;
  int64_t epoch = 0;

  Dense outputs(const Tensors& tensors) const {
    Dense h = features;
    apply_dropout(h, input_dropout, StreamKey(seed, Purpose::input_dropout, Direction::forward(), epoch));
    for (int l = 0; l < layers; ++l) {
      Dense z = convolution(l, h, tensors);
      if (l == layers - 1) return z;
      activate(l, z, tensors);
      const bool skip = residual && l > 0 && z.cols == h.cols;
      h = skip ? sum(z, h) : z;
    }
    return h;
  }

 private:
  static const Dense& tensor(const Tensors& tensors, int layer, const char* name) {
    return tensors.at("layers." + std::to_string(layer) + "." + name);
  }

  Dense convolution(int layer, const Dense& h, const Tensors& tensors) const {
    Dense z = multiply(multiply(aggregation, h), tensor(tensors, layer, "weight"));
    if (root_weight) z = sum(z, multiply(h, tensor(tensors, layer, "root_weight")));
    for (int64_t i = 0; i < z.rows; ++i) {
      for (int64_t c = 0; c < z.cols; ++c) z(i, c) += tensor(tensors, layer, "bias")(0, c);
    }
    return z;
  }

  void activate(int layer, Dense& z, const Tensors& tensors) const {
    const StreamKey key(seed, Purpose::dropout, Direction::forward(), epoch, layer);
    if (dropout_before_norm) apply_dropout(z, dropout, key);
    if (layer_norm) apply_layer_norm(z, tensor(tensors, layer, "norm.weight"), tensor(tensors, layer, "norm.bias"));
    apply_relu(z);
    if (!dropout_before_norm) apply_dropout(z, dropout, key);
  }
};

/// Means over `nodes`, weighted by the class of each node where weights are given.
inline double mean_cross_entropy(const Dense& outputs, const std::vector<int32_t>& classes,
                                 const std::vector<int64_t>& nodes, const std::vector<float>& weights = {}) {
  double total = 0.0, total_weight = 0.0;
  for (const int64_t i : nodes) {
    double exponentials = 0.0;
    for (int64_t c = 0; c < outputs.cols; ++c) exponentials += std::exp(outputs(i, c));
    const double weight = weights.empty() ? 1.0 : weights[classes[i]];
    total += weight * (std::log(exponentials) - outputs(i, classes[i]));
    total_weight += weight;
  }
  return total / total_weight;
}

/// Means over `nodes` and outputs.
inline double mean_binary_cross_entropy(const Dense& outputs, const Dense& targets, const std::vector<int64_t>& nodes) {
  double total = 0.0;
  for (const int64_t i : nodes) {
    for (int64_t c = 0; c < outputs.cols; ++c) {
      const double probability = 1.0 / (1.0 + std::exp(-outputs(i, c)));
      total -= targets(i, c) * std::log(probability) + (1.0 - targets(i, c)) * std::log(1.0 - probability);
    }
  }
  return total / static_cast<double>(std::ssize(nodes) * outputs.cols);
}

inline double mean_squared_error(const Dense& outputs, const Dense& targets, const std::vector<int64_t>& nodes) {
  double total = 0.0;
  for (const int64_t i : nodes) {
    for (int64_t c = 0; c < outputs.cols; ++c)
      total += (outputs(i, c) - targets(i, c)) * (outputs(i, c) - targets(i, c));
  }
  return total / static_cast<double>(std::ssize(nodes) * outputs.cols);
}

/// d loss / d tensor by central differences, for every tensor.
template <class Loss>
Tensors numerical_gradients(Tensors tensors, const Loss& loss) {
  constexpr double kStep = 1e-6;
  Tensors gradients = tensors;
  for (auto& [name, tensor] : tensors) {
    for (size_t k = 0; k < tensor.values.size(); ++k) {
      const double value = tensor.values[k];
      tensor.values[k] = value + kStep;
      const double above = loss(tensors);
      tensor.values[k] = value - kStep;
      gradients[name].values[k] = (above - loss(tensors)) / (2 * kStep);
      tensor.values[k] = value;
    }
  }
  return gradients;
}

}  // namespace tersegraph::reference
