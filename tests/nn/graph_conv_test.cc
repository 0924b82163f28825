#include "nn/graph_conv.h"

#include <gtest/gtest.h>

#include "comm/launch.h"
#include "reference/dense_mlp.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

using reference::Dense;
using reference::dense_of;
using reference::multiply;
using reference::transposed;

struct Case {
  ConvOrder order;
  bool root;
  int64_t in, out;
};

class GraphConvLayer : public ::testing::TestWithParam<Case> {};

/// y = A h W + h W_root (unaggregated: A = I); dW = (A h)^T dy, dW_root = h^T dy, dh = A^T dy W^T + dy W_root^T.
TEST_P(GraphConvLayer, ForwardAndBackwardAreTheFormulas) {
  const auto [order, root, in, out] = GetParam();
  const Graph graph = reference::random_graph(24, 70, true, true, 2, 3);
  const Csr matrix = aggregation_operator(graph, Normalisation::mean);
  run_thread_ranks(1, 1, [&, order = order, root = root, in = in, out = out](Communicator& communicator) {
    Channel channel(communicator);
    const Partition whole = reference::random_parts(24, 1, 0);
    const Shard shard = build_shard(matrix, whole, 0, Ordering::none, 0);
    Aggregation aggregation(shard, channel, {});
    Parameters parameters;
    GraphConv conv("conv", in, out, root, order, parameters, 1.0f);
    parameters.finalize();
    conv.initialise(InitKind::glorot, 1);
    const bool plain = order == ConvOrder::unaggregated;
    Aggregation* const used = plain ? nullptr : &aggregation;
    const Dense a = plain ? reference::identity(24) : dense_of(matrix.view());
    const Matrix h = reference::random_matrix(24, in, 4), dy = reference::random_matrix(24, out, 5);
    Matrix y(24, out), dh(24, in), ah(24, in);
    ConvWorkspace workspace;
    PhaseSeconds seconds;
    const bool given = order == ConvOrder::aggregated_input;
    if (given) aggregation.forward(h, ah, {}, seconds);
    const Operand input = given && !root ? Operand() : Operand::of(h), aggregated = given ? Operand::of(ah) : Operand();

    conv.forward(input, aggregated, used, {}, y, workspace, seconds);
    const Dense w = dense_of(parameters.value(0)), summed = multiply(a, dense_of(h));
    const Dense w_root = root ? dense_of(parameters.value(1)) : Dense(in, out);
    EXPECT_LT(relative_error(dense_of(y), sum(multiply(summed, w), multiply(dense_of(h), w_root))), 1e-6);

    const auto check_weights = [&] {
      EXPECT_LT(relative_error(dense_of(parameters.gradient(0)), multiply(transposed(summed), dense_of(dy))), 1e-6);
      if (!root) return;
      EXPECT_LT(relative_error(dense_of(parameters.gradient(1)), multiply(transposed(dense_of(h)), dense_of(dy))),
                1e-6);
    };
    const Operand kept = conv.keeps_input() ? input : Operand();
    conv.backward(kept, aggregated, used, {}, dy, {}, workspace, seconds);
    check_weights();
    if (given) return;
    parameters.zero_gradients();
    conv.backward(kept, aggregated, used, {}, dy, dh, workspace, seconds);
    check_weights();
    const Dense through = multiply(multiply(transposed(a), dense_of(dy)), transposed(w));
    EXPECT_LT(relative_error(dense_of(dh), sum(through, multiply(dense_of(dy), transposed(w_root)))), 1e-6);
  });
}

INSTANTIATE_TEST_SUITE_P(
    All, GraphConvLayer,
    ::testing::Values(Case{ConvOrder::aggregated_input, false, 7, 5}, Case{ConvOrder::aggregated_input, true, 7, 5},
                      Case{ConvOrder::aggregate_first, false, 3, 8}, Case{ConvOrder::aggregate_first, true, 8, 3},
                      Case{ConvOrder::transform_first, false, 8, 3}, Case{ConvOrder::transform_first, true, 1, 1},
                      Case{ConvOrder::transform_first, true, 40, 33}, Case{ConvOrder::unaggregated, false, 8, 3},
                      Case{ConvOrder::unaggregated, false, 3, 8}));

}  // namespace
}  // namespace tersegraph
