#include "nn/growth.h"

#include <fmt/format.h>

#include <algorithm>

namespace tersegraph {
namespace {

MatrixView tensor(const Parameters& parameters, int layer, const char* name) {
  return parameters.value(parameters.find(fmt::format("layers.{}.{}", layer, name)));
}

void copy_layer(const Parameters& from, int from_layer, Parameters& to, int to_layer) {
  for (const char* name : {"weight", "bias"}) {
    const ConstMatrixView source = tensor(from, from_layer, name);
    std::copy_n(source.data, source.size(), tensor(to, to_layer, name).data);
  }
}

void make_identity(Parameters& parameters, int layer) {
  const MatrixView weight = tensor(parameters, layer, "weight"), bias = tensor(parameters, layer, "bias");
  std::fill_n(weight.data, weight.size(), 0.0f);
  std::fill_n(bias.data, bias.size(), 0.0f);
  for (int64_t i = 0; i < weight.rows; ++i) weight(i, i) = 1.0f;
}

}  // namespace

void grow(const Parameters& shallow, int layers, Parameters& deeper, int deeper_layers) {
  for (int l = 0; l < layers - 1; ++l) copy_layer(shallow, l, deeper, l);
  for (int l = layers - 1; l < deeper_layers - 1; ++l) make_identity(deeper, l);
  copy_layer(shallow, layers - 1, deeper, deeper_layers - 1);
}

}  // namespace tersegraph
