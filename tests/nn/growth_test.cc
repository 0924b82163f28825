#include "nn/growth.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "nn/gnn_model.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

constexpr int64_t kRows = 17, kFeatures = 7, kOutputs = 3;

struct Network {
  ModelConfig config;
  Parameters parameters;
  GnnModel model;

  explicit Network(int layers)
      : config{.kind = ModelKind::mlp, .layers = layers, .hidden = 5},
        model(config, kFeatures, kOutputs, ConvOrder::unaggregated, false, parameters) {
    parameters.finalize();
  }

  MatrixView outputs(const Matrix& x) {
    std::vector<int64_t> ids(kRows);
    std::iota(ids.begin(), ids.end(), int64_t{0});
    PhaseSeconds seconds;
    return model.forward({.features = Operand::of(x), .aggregated = {}, .product = {}}, ModelRows(ids), {}, seconds);
  }
};

TEST(Growth, PreservesTheFunction) {
  Network shallow(2);
  Random random = reference::numbers(4);
  for (float& value : shallow.parameters.values()) value = static_cast<float>(random.normal());
  const Matrix x = reference::random_matrix(kRows, kFeatures, 1);
  const MatrixView before = shallow.outputs(x);
  for (const int layers : {3, 4, 9}) {
    Network deep(layers);
    deep.model.initialise(1);  // whatever stands there must go
    grow(shallow.parameters, 2, deep.parameters, layers);
    EXPECT_EQ(std::memcmp(deep.outputs(x).data, before.data, before.size() * sizeof(float)), 0) << layers;
    Network deeper(layers + 2);
    grow(deep.parameters, layers, deeper.parameters, layers + 2);
    EXPECT_EQ(std::memcmp(deeper.outputs(x).data, before.data, before.size() * sizeof(float)), 0) << layers;
  }
}

}  // namespace
}  // namespace tersegraph
